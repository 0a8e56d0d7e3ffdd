//! Links by the memory map of the image.

fn main() {
  g2g_setup::board();
  g2g_setup::own_vectors();
}
