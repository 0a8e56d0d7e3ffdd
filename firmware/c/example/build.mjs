// Builds the example: the library of a line with the tool, then its own C and the FreeRTOS kernel with gcc.
// node firmware/c/example/build.mjs [aot|wasm3]   build/firmware/freertos-ENGINE/example.elf, and how to run it
import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { buildLibrary, elementTables, loadBoard, qemuArgs, shellText } from "../../../build/tool/firmware.mjs";
import { freertosKernel } from "../freertos/kernel.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));

/** The line of the example; nothing in it is left to chance. */
export const LINE =
  "i2ssrc num-buffers=50 ! audio/x-raw,rate=8000 ! mulawenc ! " +
  "rtppcmupay ssrc=1 timestamp-offset=0 seqnum-offset=0 ! crcsink";

/** Tables of the elements that the example serves. */
export const tables = () => elementTables([here]);

/**
 * Builds the example.
 * @param options line: another one; defines: macros for its C
 * @returns the board, the ELF file, and the library
 */
export async function buildExample(engine, { line = LINE, name = `freertos-${engine}`, defines = [] } = {}) {
  const board = loadBoard("mps2-an386");
  const options = { engine, checked: true, name, elements: tables(), verbose: false };
  const { folder, library } = await buildLibrary(board, line, options);
  const kernel = freertosKernel();
  const portable = path.join(kernel, "portable/GCC/ARM_CM4F");
  const includes = [folder, here, path.join(here, "../freertos"), path.join(kernel, "include"), portable];
  const sources = [
    ...readdirSync(here)
      .filter((f) => f.endsWith(".c"))
      .map((f) => path.join(here, f)),
    path.join(here, "../freertos/g2g_freertos.c"),
    ...["tasks.c", "list.c"].map((f) => path.join(kernel, f)),
    path.join(portable, "port.c"),
  ];
  const elf = path.join(folder, "example.elf");
  const flags = ["-std=c11", "-Os", "-g", "-Wall", "-Wextra", "-ffunction-sections", "-fdata-sections"];
  const link = [
    "-nostartfiles",
    "--specs=nano.specs",
    "-Wl,--gc-sections",
    "-Wl,--nmagic",
    "-Wl,-z,noexecstack",
    `-L${folder}`,
  ];
  execFileSync(
    "arm-none-eabi-gcc",
    [
      ...board.gcc,
      ...flags,
      ...defines.map((d) => `-D${d}`),
      ...includes.map((i) => `-I${i}`),
      ...sources,
      ...link,
      `-T${path.join(here, "link.ld")}`,
      library,
      ...["-o", elf],
    ],
    { stdio: ["ignore", "inherit", "inherit"] },
  );
  return { board, elf, library };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { board, elf } = await buildExample(process.argv[2] ?? "aot");
  console.log(shellText(["qemu-system-arm", ...qemuArgs(board, elf)]));
}
