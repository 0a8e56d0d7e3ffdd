// Memory in other domains than the core's: objects with references, which the core knows by numbers.
import { Fault } from "./fault.mjs";

/** The handles of a host. */
export class MemoryTable {
  constructor() {
    this.live = new Map();
    this.made = 0;
  }

  /** A new handle with one reference. */
  create(domain, value) {
    const id = ++this.made;
    this.live.set(id, { id, domain, value, refs: 1 });
    return id;
  }

  get(id) {
    const handle = this.live.get(id);
    if (!handle) throw new Fault(`handle ${id} is used after its last reference is gone`);
    return handle;
  }

  retain(id) {
    this.get(id).refs++;
  }

  release(id) {
    const handle = this.get(id);
    if (--handle.refs === 0) this.live.delete(id);
  }
}
