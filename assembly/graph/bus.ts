import { post } from "../abi/imports";
import { Owner, alloc, free, heap } from "../base/heap";
import { recordInt, recordText } from "../base/records";
import { TEXT_SIZE, Text } from "../base/text";
import { WRITER_SIZE, Writer } from "../base/writer";
import { Caps } from "../caps/caps";
import { printCaps } from "../caps/print";
import { NONE } from "../core/time";
import { Post } from "../generated/abi";
import { Code } from "../generated/errors";
import { atomData, atomLength } from "../registry/atom";
import { Element, ElementFlag } from "./element";
import { PipelineFlag, pipeline } from "./pipeline";

/**
 * Messages to the application. A message is a list of records; it is begun, filled and sent:
 *
 *     Error, Warning, Info   code, element, byte offset (-1: none), time (NONE: none), then the code's arguments
 *     other kinds            the element's name, then what the kind has
 */
const MESSAGE: usize = memory.data(WRITER_SIZE, 4);
const PRINTED: usize = memory.data(TEXT_SIZE, 4);

/** Bytes that the text of one record may have; longer ones are cut. */
const MAX_TEXT: u32 = 2048;

@inline
function message(): Writer {
  return changetype<Writer>(MESSAGE);
}

/** Bytes that a message always has: enough to say that there is no memory for more. */
const LEAST_MESSAGE: u32 = 256;

/** Takes the message buffer; called once when the heap is new. */
export function busInit(): void {
  message().extend(LEAST_MESSAGE);
  message().clear();
}

/** Gives the message buffer back. */
export function busRelease(): void {
  message().release();
}

/** Begins a message from an element, null for the pipeline. */
export function beginMessage(e: Element | null): void {
  message().clear();
  if (e) addAtom(e.name);
  else addText(0, 0);
}

export function addInt(v: i64): void {
  recordInt(message(), v);
}

export function addText(p: usize, n: u32): void {
  recordText(message(), p, min<u32>(n, MAX_TEXT));
}

export function addAtom(atom: u32): void {
  recordText(message(), atomData(atom), atomLength(atom));
}

/** Adds the text of caps. */
export function addCaps(c: Caps): void {
  const room = alloc(MAX_TEXT, Owner.Message);
  if (!room) {
    addText(0, 0);
    return;
  }
  const t = changetype<Text>(PRINTED).into(room, MAX_TEXT);
  printCaps(t, c);
  addText(room, t.length);
  free(room);
}

/** The message so far, for adding records that are ready-made. */
export function messageWriter(): Writer {
  return message();
}

export function sendMessage(kind: Post): void {
  post(kind, message().data, message().length);
}

/**
 * Begins an error, warning or info.
 * @param offset where in the element's input, bytes, or -1
 * @param time of the stream there, ns, or NONE
 */
export function beginReport(e: Element | null, code: Code, offset: i64, time: i64): void {
  message().clear();
  recordInt(message(), code);
  if (e) addAtom(e.name);
  else addText(0, 0);
  recordInt(message(), offset);
  recordInt(message(), time);
}

/** Whether the `n`th warning of a kind is sent, counted from 1: the first ones one by one, then ever fewer. */
export function isTold(n: u32): bool {
  return n <= 8 || popcnt<u32>(n) == 1;
}

/** Sends an error that was begun: the element drops what comes, and the pipeline runs out. */
export function sendError(e: Element | null): void {
  const p = pipeline();
  if (e) e.set(ElementFlag.Failed);
  // What fails because it was cancelled is no error.
  if (p.has(PipelineFlag.Closing)) return;
  p.flags |= PipelineFlag.Failed;
  sendMessage(Post.Error);
  endSources();
}

/** Asks all sources to send the end of their streams. */
export function endSources(): void {
  const p = pipeline();
  p.flags |= PipelineFlag.Ending;
}

/** An error without arguments. */
export function fail(e: Element, code: Code, offset: i64): void {
  beginReport(e, code, offset, NONE);
  sendError(e);
}

/** The error that memory is short, with who needed how much. */
export function failMemory(e: Element | null): void {
  beginReport(e, Code.NoMemory, -1, NONE);
  addInt(pipeline().ceiling);
  if (e) addAtom(e.name);
  else addText(0, 0);
  addInt(heap().failedSize);
  sendError(e);
  heap().failedOwner = 0;
}
