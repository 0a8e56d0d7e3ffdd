import { Random } from "../../base/__tests__/random";
import { freshHeap, must, mustBeEmpty } from "../../base/__tests__/region";
import { Owner, allocZero, free } from "../../base/heap";
import { blockUnref, blocksInit, blocksRelease, newBlock } from "../../core/block";
import { SLICES_SIZE, Slices, runOf } from "../../core/slices";
import { RUNS_SIZE, Runs } from "../runs";

const RUNS: usize = memory.data(RUNS_SIZE, 8);

test("all units come, in order, however the slices are cut", () => {
  freshHeap();
  blocksInit();
  const random = new Random(1);
  const runs = changetype<Runs>(RUNS);
  for (let round = 0; round < 500; round++) {
    const list = changetype<Slices>(allocZero(SLICES_SIZE, Owner.Slices));
    const block = newBlock(4096)!;
    random.fill(block.data, 4096);
    const bytes = new Array<u8>();
    for (let k = random.below(12); k > 0; k--) {
      const length: u32 = 1 + random.below(random.bool() ? 3 : 40);
      const stride = length + random.below(10);
      const pieces: u32 = random.bool() ? 1 : 1 + random.below(6);
      const data = block.data + random.below(2000);
      must(list.append(data, block, length, runOf(pieces, stride)), "there is memory");
      for (let p: u32 = 0; p < pieces; p++) {
        for (let i: u32 = 0; i < length; i++) bytes.push(load<u8>(data + p * stride + i));
      }
    }
    const unit: u32 = 1 << random.below(5);
    const units = <u32>bytes.length / unit;
    const wanted = random.bool() ? units : random.below(units + 1);
    runs.over(list, unit, wanted);
    let at: u32 = 0;
    while (runs.next()) {
      must(runs.count > 0, "no run is empty");
      // Some are taken bit by bit.
      while (runs.count) {
        const n: u32 = 1 + random.below(runs.count);
        for (let i: u32 = 0; i < n * unit; i++) must(load<u8>(runs.data + i) == bytes[at++], "byte");
        runs.skip(n);
      }
    }
    must(at == wanted * unit, "as many as asked for");
    must(!runs.next() && !runs.count, "the end is the end");
    list.release();
    free(changetype<usize>(list));
    blockUnref(block);
  }
  blocksRelease();
  mustBeEmpty();
});

test("units that are not there end it", () => {
  freshHeap();
  blocksInit();
  const runs = changetype<Runs>(RUNS);
  const list = changetype<Slices>(allocZero(SLICES_SIZE, Owner.Slices));
  const block = newBlock(64)!;
  must(list.append(block.data, block, 7, 0), "there is memory");
  runs.over(list, 4, 100);
  expect<bool>(runs.next()).toBe(true);
  expect<u32>(runs.count).toBe(1);
  expect<bool>(runs.next()).toBe(false);
  list.release();
  free(changetype<usize>(list));
  blockUnref(block);
  blocksRelease();
  mustBeEmpty();
});
