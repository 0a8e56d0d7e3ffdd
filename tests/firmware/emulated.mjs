// What is done to an emulated board from outside: its memory is written, its network cable pulled, its serial line blocked.
import { execFileSync } from "node:child_process";
import dgram from "node:dgram";
import { once } from "node:events";
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { folder, tool } from "./support.mjs";

/** Bytes that one packet of the debugger writes. */
const PIECE = 1024;

/** Connects to a socket that QEMU has made, which it does before the board starts. */
async function connect(file) {
  for (;;) {
    const socket = net.connect(file);
    try {
      await once(socket, "connect");
      // QEMU may be gone before the test is.
      return socket.on("error", () => {});
    } catch (error) {
      if (!["ENOENT", "ECONNREFUSED"].includes(error.code)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

/** QEMU's side of a debugger: arguments for it, and what can be done by it, in the remote protocol of gdb. */
export function debuggerOf(t) {
  const file = path.join(folder(t), "gdb");
  const args = ["-chardev", `socket,path=${file},server=on,wait=off,id=gdb`, "-gdb", "chardev:gdb"];
  /** Stops the board, writes bytes at addresses, and lets it go on. */
  const write = async (pieces) => {
    const socket = await connect(file);
    let said = "";
    let heard = () => {};
    socket.setEncoding("latin1").on("data", (text) => {
      said += text;
      heard();
    });
    const ask = async (text) => {
      const sum = [...Buffer.from(text)].reduce((n, b) => n + b, 0) & 255;
      said = "";
      socket.write(`$${text}#${sum.toString(16).padStart(2, "0")}`);
      while (!/\$OK#9a/.test(said)) {
        if (/\$E\d\d#/.test(said)) throw new Error(`QEMU refuses ${text.slice(0, 20)}: ${said}`);
        await new Promise((resolve) => (heard = resolve));
      }
      socket.write("+");
    };
    for (const [address, bytes] of pieces) {
      for (let at = 0; at < bytes.length; at += PIECE) {
        const piece = bytes.subarray(at, at + PIECE);
        await ask(`M${(address + at).toString(16)},${piece.length.toString(16)}:${Buffer.from(piece).toString("hex")}`);
      }
    }
    await ask("D");
    socket.destroy();
  };
  return { args, write };
}

/** QEMU's monitor: arguments for it, and commands. */
export function monitorOf(t) {
  const file = path.join(folder(t), "monitor");
  const args = ["-chardev", `socket,path=${file},server=on,wait=off,id=mon`, "-mon", "chardev=mon"];
  const command = async (text) => {
    const socket = await connect(file);
    let said = "";
    const prompts = (n) =>
      new Promise((resolve) => {
        const look = () => said.split("(qemu) ").length > n && resolve();
        socket.on("data", (data) => {
          said += data;
          look();
        });
        look();
      });
    await prompts(1);
    said = "";
    socket.write(`${text}\n`);
    await prompts(1);
    socket.destroy();
  };
  return { args, command };
}

/** A serial line, the second one of a board: arguments for QEMU, and what comes out. Nobody reads it until `open`. */
export function lineOf(t) {
  const base = path.join(folder(t), "line");
  execFileSync("mkfifo", [`${base}.in`, `${base}.out`]);
  const args = ["-serial", "stdio", "-chardev", `pipe,id=line,path=${base}`, "-serial", "chardev:line"];
  const parts = [];
  const open = () => {
    const fd = fs.openSync(`${base}.out`, "r+");
    const stream = fs.createReadStream(null, { fd });
    t.after(() => {
      stream.destroy();
      // A read that waits for a pipe would keep the process.
      fs.writeSync(fd, "\n");
    });
    stream.on("data", (data) => parts.push(data)).on("error", () => {});
  };
  return { args, open, bytes: () => Buffer.concat(parts) };
}

/** A UDP port of this machine at which boards send, with what came. The next port is free too, for RTCP. */
export async function port(t) {
  for (;;) {
    const socket = dgram.createSocket("udp4");
    const other = dgram.createSocket("udp4");
    socket.bind(0, "127.0.0.1");
    await once(socket, "listening");
    const number = socket.address().port;
    try {
      if (number & 1) continue;
      other.bind(number + 1, "127.0.0.1");
      await once(other, "listening");
    } catch {
      socket.close();
      continue;
    } finally {
      if (number & 1) socket.close();
      other.close();
    }
    const came = [];
    let wake = () => {};
    let open = true;
    socket.on("message", (data) => {
      came.push(data);
      wake();
    });
    const close = async () => {
      if (!open) return;
      open = false;
      socket.close();
      await once(socket, "close");
    };
    t.after(close);
    /** Waits until it has this many. */
    const count = async (n) => {
      while (came.length < n) await new Promise((resolve) => (wake = resolve));
      return came;
    };
    return { number, came, count, close, socket };
  }
}

/** A symbol of an image: its address without the bit that says Thumb, and its size. */
export function symbol(elf, name) {
  const found = new tool.Elf(fs.readFileSync(elf)).symbols().find((s) => s.name === name && s.section);
  if (!found) throw new Error(`${elf} has no ${name}`);
  return { address: found.kind === "function" ? found.address & ~1 : found.address, size: found.size };
}
