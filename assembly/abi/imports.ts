/**
 * What a host serves to the core: the import table `g2g`. All calls are synchronous and none may call back into the
 * core. Texts are UTF-8, an address and a length. See DESIGN.md, "The host interface".
 */

/**
 * Opens a file, a socket, a device or an instance of a host element.
 * @param kind OpenKind
 * @returns a handle of 1 or more, or a negative HostError
 */
// prettier-ignore
@external("g2g", "open")
export declare function open(kind: u32, spec: usize, specLength: u32): i32;

/**
 * Starts an operation.
 * @param op Op
 * @param token names the operation in its completions
 * @returns a result of 0 or more when it is done, PENDING when completions will come, or a negative HostError
 */
// prettier-ignore
@external("g2g", "submit")
export declare function submit(handle: i32, op: u32, ptr: usize, length: u32, aux: i64, token: u32): i32;

/** Asks for an operation to end soon; its completion still comes. */
// prettier-ignore
@external("g2g", "cancel")
export declare function cancel(token: u32): void;

/** Gives a handle of `open` back; nothing is pending on it. */
// prettier-ignore
@external("g2g", "close")
export declare function close(handle: i32): void;

/** One more reference on a memory handle. */
// prettier-ignore
@external("g2g", "retain")
export declare function retain(handle: i32): void;

/** One reference less on a memory handle. */
// prettier-ignore
@external("g2g", "release")
export declare function release(handle: i32): void;

/** A message for the bus. */
// prettier-ignore
@external("g2g", "post")
export declare function post(kind: u32, ptr: usize, length: u32): void;

/** Fills memory with random bytes, or with recorded ones. */
// prettier-ignore
@external("g2g", "random")
export declare function random(ptr: usize, length: u32): void;

/** A nanosecond counter for statistics; nothing that the core does may depend on it. */
// prettier-ignore
@external("g2g", "tick")
export declare function tick(): i64;
