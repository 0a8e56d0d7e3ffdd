import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { ToolError, usage } from "../errors.js";

/** Bytes of a header: firmware/update/src/header.rs. */
export const HEADER = 512;

const SIGNED = 448;
const ELEMENTS = 192;

/** What a package is made of. */
export interface PackageParts {
  /** Name of the board. */
  readonly board: string;
  /** Grows from package to package; from 1. */
  readonly version: number;
  /** Whether a board takes it although it has a newer one. */
  readonly older: boolean;
  /** Bytes of linear memory. */
  readonly memory: number;
  /** Bytes that the interpreter takes. */
  readonly arena: number;
  /** Address of the header of the completion ring. */
  readonly ring: number;
  readonly module: Uint8Array;
  readonly log: Uint8Array;
  readonly line: string;
  /** Names of the host elements. */
  readonly elements: readonly string[];
}

function padded(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array((bytes.length + 3) & ~3);
  out.set(bytes);
  return out;
}

/**
 * Makes a signed package.
 * @throws {ToolError} when it has more elements than a header
 */
export function makePackage(parts: PackageParts, key: KeyObject): Uint8Array {
  const line = Buffer.from(parts.line);
  const payload = Buffer.concat([parts.module, parts.log, line].map(padded));
  const header = Buffer.alloc(HEADER);
  header.write("G2GPKG", 0, "latin1");
  header[6] = 1;
  header[7] = parts.older ? 1 : 0;
  const { version, memory, arena, ring, module, log } = parts;
  [version, memory, arena, ring, module.length, log.length, line.length].forEach((n, i) =>
    header.writeUInt32LE(n, 8 + 4 * i),
  );
  if (header.write(parts.board, 36, 31, "latin1") !== parts.board.length)
    throw usage(`the name ${parts.board} is too long`);
  createHash("sha256").update(module).digest().copy(header, 68);
  createHash("sha512").update(payload).digest().copy(header, 100);
  const names = Buffer.from(parts.elements.map((name) => `${name}\0`).join(""));
  if (names.copy(header, ELEMENTS, 0, SIGNED - ELEMENTS) !== names.length) {
    throw new ToolError("the line has more host elements than a package can name");
  }
  sign(null, header.subarray(0, SIGNED), key).copy(header, SIGNED);
  return Buffer.concat([header, payload]);
}

/** Makes a key: the private one into a file of its own, the public one beside it. */
export function makeKey(file: string): void {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  try {
    writeFileSync(file, privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600, flag: "wx" });
    writeFileSync(`${file}.pub`, publicKey.export({ type: "spki", format: "pem" }), { flag: "wx" });
  } catch (error) {
    throw usage(`the key cannot be written: ${(error as Error).message}`);
  }
}

/** Reads a key of a kind. */
function keyIn(file: string, kind: string, make: (pem: string) => KeyObject): KeyObject {
  let pem: string;
  try {
    pem = readFileSync(file, "utf8");
  } catch (error) {
    throw usage(`the key cannot be read: ${(error as Error).message}`);
  }
  let key: KeyObject | null = null;
  try {
    key = make(pem);
  } catch {
    // It is none, which is told below.
  }
  if (key?.asymmetricKeyType !== "ed25519") throw usage(`${file} is no ${kind} of g2g firmware keygen`);
  return key;
}

/** Reads a private key. */
export function readKey(file: string): KeyObject {
  return keyIn(file, "private key", createPrivateKey);
}

/** The 32 bytes of a public key, from its file or from that of the private one. */
export function readPublicKey(file: string): Uint8Array {
  const key = keyIn(file, "key", createPublicKey);
  return Buffer.from(key.export({ format: "jwk" }).x!, "base64url");
}
