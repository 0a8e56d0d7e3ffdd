/** What the code under test posted to the bus since the last `forgetPosts`. */

// prettier-ignore
@external("spec", "posts")
declare function countPosts(): i32;

// prettier-ignore
@external("spec", "postKind")
declare function kindOfPost(i: i32): i32;

// prettier-ignore
@external("spec", "postLength")
declare function lengthOfPost(i: i32): i32;

// prettier-ignore
@external("spec", "postCopy")
declare function copyPost(i: i32, into: usize): void;

// prettier-ignore
@external("spec", "forgetPosts")
declare function clearPosts(): void;

/** Messages posted. */
export function posts(): i32 {
  return countPosts();
}

/** The Post kind of message `i`. */
export function postKind(i: i32): i32 {
  return kindOfPost(i);
}

/** The records of message `i`. */
export function postData(i: i32): StaticArray<u8> {
  const data = new StaticArray<u8>(lengthOfPost(i));
  copyPost(i, changetype<usize>(data));
  return data;
}

export function forgetPosts(): void {
  clearPosts();
}
