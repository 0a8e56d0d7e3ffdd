// Files in memory, read and written late and out of order.
import { Fault } from "./fault.mjs";
import { HostError, Op, OpenKind } from "./core.mjs";

/** Opens a file of the host; a resource, or a HostError. */
export function openFile(host, kind, path) {
  if (kind === OpenKind.FileRead && !host.files.has(path)) return HostError.NotFound;
  if (kind === OpenKind.FileWrite || !host.files.has(path)) host.files.set(path, new Uint8Array(0));
  return new SimFile(host, path);
}

class SimFile {
  constructor(host, path) {
    this.host = host;
    this.name = path;
    this.random = host.random.fork(path);
    this.position = 0;
  }

  submit(op) {
    const { host } = this;
    switch (op.op) {
      case Op.Size:
        host.core.view.setBigInt64(op.ptr, BigInt(host.files.get(this.name).length), true);
        return 0;
      case Op.Read:
        host.own(op, op.ptr, op.length, false);
        host.core.u8.fill(0xee, op.ptr, op.ptr + op.length);
        return this.start(op, () => this.read(op));
      case Op.Write: {
        // The pairs are read now; the bytes stay the host's.
        op.pieces = Array.from({ length: op.length }, (_, i) => ({
          at: host.core.view.getUint32(op.ptr + 8 * i, true),
          length: host.core.view.getUint32(op.ptr + 8 * i + 4, true),
        }));
        for (const { at, length } of op.pieces) host.own(op, at, length, true);
        op.to = op.aux < 0 ? this.position : op.aux;
        this.position = op.to + op.pieces.reduce((n, p) => n + p.length, 0);
        return this.start(op, () => this.write(op));
      }
      case Op.Truncate:
        return this.start(op, () => {
          host.files.set(this.name, host.files.get(this.name).slice(0, op.aux));
          return 0;
        });
      case Op.Sync:
        return this.start(op, () => 0);
      default:
        throw new Fault(`${this.name}: operation ${op.op} on a file`);
    }
  }

  start(op, perform) {
    if (this.random.chance(this.host.style.sync)) return perform();
    this.host.later(this.host.delay(this.random), () => this.end(op, perform), this);
    return HostError.Pending;
  }

  end(op, perform) {
    if (op.ending) return;
    this.host.emit(op, op, { result: perform(), kind: 1 }, true);
  }

  /** Half of what is cancelled is done all the same. */
  cancel(op) {
    if (op.ending || this.random.chance(0.5)) return;
    this.host.emit(op, op, { result: HostError.Cancelled, kind: 1 }, true);
  }

  read({ ptr, length, aux }) {
    const part = this.host.files.get(this.name).subarray(aux, aux + length);
    this.host.core.u8.set(part, ptr);
    return part.length;
  }

  write({ pieces, to }) {
    let data = this.host.files.get(this.name);
    const end = this.position;
    if (data.length < end) {
      const grown = new Uint8Array(end);
      grown.set(data);
      data = grown;
      this.host.files.set(this.name, data);
    }
    let at = to;
    for (const p of pieces) {
      data.set(this.host.core.u8.subarray(p.at, p.at + p.length), at);
      at += p.length;
    }
    return at - to;
  }
}
