//! Links by the memory map of the image, with the second stage of the boot loader in front.

fn main() {
  g2g_setup::board();
  println!("cargo:rustc-link-arg-bins=-Tlink-rp.x");
}
