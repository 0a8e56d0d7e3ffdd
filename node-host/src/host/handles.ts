import { HostFault } from "../core/errors.js";

/**
 * A reference-counted object of the host in a memory domain, which the core knows by a number: a picture of a decoder, a
 * surface of a display.
 */
export class MemoryHandle {
  private refs = 1;

  /** Made by HandleTable.create. */
  constructor(
    private readonly table: HandleTable,
    /** What the core knows it by. */
    readonly id: number,
    /** The domain, as in caps features: "DMABuf" for memory:DMABuf. */
    readonly domain: string,
    /** Name of the element that made it. */
    readonly element: string,
    /** The object itself. */
    readonly value: unknown,
    private readonly freed: (() => void) | undefined,
  ) {}

  /** References there are. */
  get references(): number {
    return this.refs;
  }

  /** One more reference. */
  retain(): this {
    if (!this.refs) throw this.fault("used after it was given back");
    this.refs++;
    return this;
  }

  /**
   * One reference less; with the last one the object is given back.
   * @throws {HostFault} when there was none
   */
  release(): void {
    if (!this.refs) throw this.fault("released once too often");
    if (--this.refs) return;
    this.table.forget(this);
    this.freed?.();
  }

  private fault(what: string): HostFault {
    return new HostFault(`${this.element}: a ${this.domain} handle was ${what}`);
  }
}

/** Names of elements whose handles are gone, so that a late release can be laid at the right door. */
const MAX_REMEMBERED = 1024;

/** The memory handles of a pipeline. */
export class HandleTable {
  private readonly live = new Map<number, MemoryHandle>();
  private readonly gone = new Map<number, string>();
  private last = 0;

  /**
   * Makes a handle with one reference, the caller's.
   * @param domain memory domain, such as "DMABuf"
   * @param element name of the element that makes it
   * @param value the object
   * @param freed called when the last reference is gone
   */
  create(domain: string, element: string, value: unknown, freed?: () => void): MemoryHandle {
    const handle = new MemoryHandle(this, ++this.last, domain, element, value, freed);
    this.live.set(handle.id, handle);
    return handle;
  }

  /**
   * The handle of a number, which must be of a domain if one is named.
   * @throws {HostFault} when there is none
   */
  get(id: number, domain?: string): MemoryHandle {
    const handle = this.live.get(id);
    if (!handle) {
      const owner = this.gone.get(id);
      throw new HostFault(owner ? `${owner}: memory handle ${id} is used after its release` : `no memory handle ${id}`);
    }
    if (domain !== undefined && handle.domain !== domain) {
      throw new HostFault(`${handle.element}: memory handle ${id} is ${handle.domain} memory, not ${domain}`);
    }
    return handle;
  }

  /** What was not given back, in words; empty when all was. */
  leaks(): string {
    const count = new Map<string, number>();
    for (const h of this.live.values()) {
      const key = `${h.element}: ${h.domain} memory handles not given back`;
      count.set(key, (count.get(key) ?? 0) + 1);
    }
    return [...count].map(([key, n]) => `${key}: ${n}`).join("; ");
  }

  /** Notes that a handle is gone; called by it. */
  forget(handle: MemoryHandle): void {
    this.live.delete(handle.id);
    this.gone.set(handle.id, handle.element);
    if (this.gone.size > MAX_REMEMBERED) this.gone.delete(this.gone.keys().next().value!);
  }
}
