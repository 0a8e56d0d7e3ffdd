//! What the host and a decoder process say to each other: messages over a socket that keeps their borders, and two areas of
//! shared memory.
//!
//! The host writes coded frames into the input area, which the process can only read, and the process renders into the
//! picture area, which the host can only read. All bytes of either side are checked by the other: a message that cannot be
//! read, a number that was never given out or a place outside an area ends the process.
//!
//! 1. The process gets the socket as its standard input, and both areas with [`Setup`](Request::Setup).
//! 2. It maps them, gives everything else up, and answers [`Ready`](Report::Ready).
//! 3. `Open` opens a decoder in place of any other; `Opened` or `Failed` answers.
//! 4. `Packet` gives it coded bytes, in order; `Accepted` when the decoder has taken them, `Released` when their place is free.
//! 5. `Picture` and `Sound` tell of what was decoded; at most [`OUTSTANDING`] of them are not yet given back with `Return`.
//! 6. `Drain` has everything come out; `Drained` follows the last of it. `Flush` forgets what is inside.

mod codec;
mod fields;
mod format;
mod layout;
mod message;

pub use codec::{Codec, Kind, SampleFormat};
pub use format::{FORMATS, Format, PlaneFormat};
pub use layout::{MAX_PICTURE, PictureLayout, Plane};
pub use message::{Config, Picture, Report, Request, Sound, mask_of_order};

/// Version of this protocol; both sides must have the same.
pub const VERSION: u32 = 1;

/// The most bytes of a message.
pub const MAX_MESSAGE: usize = 16 << 10;

/// Bytes of zero behind coded bytes, which decoders may read.
pub const PADDING: u64 = 64;

/// Bytes of the input area. The system gives them as they are used.
pub const INPUT_AREA: u64 = 64 << 20;

/// Bytes of the picture area. The system gives them as they are used.
pub const PICTURE_AREA: u64 = 2 << 30;

/// Decoded pictures that the host may hold.
pub const OUTSTANDING: usize = 4;

/// Coded frames that the process has not accepted yet.
pub const WAITING: usize = 16;

/// Planes of a picture.
pub const PLANES: usize = 4;

/// Channels of sound.
pub const CHANNELS: usize = 8;
