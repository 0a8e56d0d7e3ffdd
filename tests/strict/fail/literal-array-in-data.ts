// expect 2:46 an array literal is managed
export const TABLE: usize = memory.data<u32>([1, 2][0]);
