// expect 2:14 START has an initialiser that is not constant
export const START: u32 = <u32>load<u8>(16);
