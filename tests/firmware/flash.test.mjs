// How images come onto boards: the commands, and the copy to a boot loader's volume.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { boardText, folder, tool } from "./support.mjs";

const { parseBoard, chooseMethod, flashPlan, imageFiles, shellText, isBootVolume, mountPoints, bootVolumes, copyTo } =
  tool;
const board = parseBoard(boardText({ flash: { origin: "0x08000000", length: "256K" } }), "small");
const files = imageFiles("/work dir");
const commands = (method) => flashPlan(board, chooseMethod(board, method), files).commands.map(shellText);

test("the first method is taken when none is named, an unknown one is a wrong use", () => {
  assert.equal(chooseMethod(board).method, "probe-rs");
  assert.throws(() => chooseMethod(board, "jlink"), {
    message: /there is: probe-rs, uf2, dfu-util, openocd/,
    exitCode: 2,
  });
  assert.throws(() => chooseMethod({ ...board, flashWith: [] }), { exitCode: 2 });
});

test("the commands of each method", () => {
  assert.deepEqual(commands("probe-rs"), [
    "probe-rs download --chip LM3S6965 --verify '/work dir/firmware.elf'",
    "probe-rs reset --chip LM3S6965",
  ]);
  assert.deepEqual(commands("dfu-util"), [
    "dfu-util --device 0483:df11 --alt 0 --dfuse-address 0x08000000:leave --download '/work dir/firmware.bin'",
  ]);
  assert.deepEqual(commands("openocd"), [
    "openocd -f interface/stlink.cfg -f target/stellaris.cfg -c 'program {/work dir/firmware.elf} verify reset exit'",
  ]);
  const plan = flashPlan(board, chooseMethod(board, "uf2"), files);
  assert.deepEqual([plan.kind, plan.file, plan.boardId], ["copy", "/work dir/firmware.uf2", "RPI-RP2"]);
});

test("a command is shown as a shell takes it", () => {
  assert.equal(shellText(["a", "b c", "it's", "$HOME", ""]), `a 'b c' 'it'\\''s' '$HOME' ''`);
});

const INFO = "UF2 Bootloader v3.0\r\nModel: Raspberry Pi RP2\r\nBoard-ID: RPI-RP2\r\n";

test("a boot loader is known by its INFO_UF2.TXT", () => {
  assert.ok(isBootVolume(INFO, "RPI-RP2"));
  assert.ok(isBootVolume(INFO, null));
  assert.ok(!isBootVolume(INFO, "RPI-RP"));
  assert.ok(!isBootVolume("Board-ID: RPI-RP2\n", "RPI-RP2"));
  assert.deepEqual(mountPoints("/dev/sda1 /media/RPI\\040RP2 vfat rw 0 0\nproc /proc proc rw 0 0\n"), [
    "/media/RPI RP2",
    "/proc",
  ]);
});

test("the volume of a boot loader is found and gets the whole file", (t) => {
  const dir = folder(t);
  const volume = path.join(dir, "boot");
  fs.mkdirSync(volume);
  fs.writeFileSync(path.join(volume, "INFO_UF2.TXT"), INFO);
  const places = [dir, path.join(dir, "none"), volume];
  assert.deepEqual(bootVolumes("RPI-RP2", places), [volume]);
  assert.deepEqual(bootVolumes("other", places), []);
  const file = path.join(dir, "firmware.uf2");
  const data = Buffer.from(Array.from({ length: 200_000 }, (_, i) => i * 7));
  fs.writeFileSync(file, data);
  const seen = [];
  copyTo(file, volume, (n) => seen.push(n));
  assert.ok(fs.readFileSync(path.join(volume, "firmware.uf2")).equals(data));
  assert.deepEqual(seen, [65536, 131072, 196608, 200000]);
});

test("a volume that cannot be written is told", (t) => {
  const dir = folder(t);
  fs.writeFileSync(path.join(dir, "firmware.uf2"), "x");
  assert.throws(
    () => copyTo(path.join(dir, "firmware.uf2"), path.join(dir, "gone"), () => {}),
    /gone cannot be written/,
  );
});
