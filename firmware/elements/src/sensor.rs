//! Sensors on an I2C bus, over embedded-hal-async: one part with a buffer of its own, and any that is read from registers at
//! a fixed rate.

use embedded_hal_async::delay::DelayNs;
use embedded_hal_async::i2c::I2c;
use g2g_interface::HostError;

use crate::exchange::{Exchange, Job};

/// Bytes of samples that are read from a sensor at a time at most.
pub const MOST: usize = 192;

/// Where samples are to go, and at which pace.
#[derive(Clone, Copy, Debug)]
pub struct Fill {
  /// The block.
  pub at: *mut u8,
  /// Bytes that are wanted: whole samples.
  pub length: u32,
  /// What the block is known by.
  pub token: u32,
  /// Samples a second.
  pub rate: u32,
}

// The block is written by one side at a time.
unsafe impl Send for Fill {}

/// What became of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Filled {
  /// The block.
  pub token: u32,
  /// When its first sample was taken, ns on the host's clock; or why it was not filled.
  pub begin: Result<i64, HostError>,
  /// Whether samples are missing in front of it.
  pub gap: bool,
  /// Samples that are known to be missing there; where the sensor cannot tell how many, at least so many.
  pub lost: u32,
}

/// Blocks on their way to a sensor and back, in static memory.
pub type Fills = Exchange<Fill, Filled, 8>;

/// What a sensor had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reading {
  /// Samples that were read.
  pub samples: u32,
  /// Whether others had been overwritten before them.
  pub gap: bool,
}

/// A kind of sensor.
#[allow(async_fn_in_trait)]
pub trait Sensor {
  /// Bytes of a sample, from 1 to [`MOST`].
  fn sample(&self) -> usize;

  /// Whether the sensor keeps samples by itself; if not, each read takes one.
  fn buffers(&self) -> bool;

  /// Identifies the sensor and sets it up; `NotFound` when another answers, `Unsupported` when it has no such rate.
  async fn start(&mut self, bus: &mut impl I2c, rate: u32) -> Result<(), HostError>;

  /// Reads samples into the start of `to`, as many as there are and find room.
  async fn read(&mut self, bus: &mut impl I2c, to: &mut [u8]) -> Result<Reading, HostError>;
}

/// A list of registers and values to write.
pub type Writes = &'static [(u8, u8)];

/// Any sensor that is read from registers.
#[derive(Clone, Copy, Debug)]
pub struct Map {
  /// The sensor's address, 7 bits.
  pub address: u8,
  /// A register that says which part it is, and its value.
  pub identity: Option<(u8, u8)>,
  /// What sets it up.
  pub writes: Writes,
  /// The register at which a sample begins.
  pub register: u8,
  /// Bytes of a sample, from 1 to [`MOST`].
  pub bytes: u8,
}

/// The sensor of a [`Map`].
pub struct Mapped(pub Map);

async fn register(bus: &mut impl I2c, address: u8, register: u8) -> Result<u8, HostError> {
  let mut value = [0];
  bus.write_read(address, &[register], &mut value).await.map_err(|_| HostError::Io)?;
  Ok(value[0])
}

async fn write(bus: &mut impl I2c, address: u8, register: u8, value: u8) -> Result<(), HostError> {
  bus.write(address, &[register, value]).await.map_err(|_| HostError::Io)
}

impl Sensor for Mapped {
  fn sample(&self) -> usize {
    self.0.bytes as usize
  }

  fn buffers(&self) -> bool {
    false
  }

  async fn start(&mut self, bus: &mut impl I2c, _: u32) -> Result<(), HostError> {
    if let Some((at, value)) = self.0.identity
      && register(bus, self.0.address, at).await? != value
    {
      return Err(HostError::NotFound);
    }
    for (at, value) in self.0.writes {
      write(bus, self.0.address, *at, *value).await?;
    }
    Ok(())
  }

  async fn read(&mut self, bus: &mut impl I2c, to: &mut [u8]) -> Result<Reading, HostError> {
    let to = to.get_mut(..self.sample()).ok_or(HostError::Invalid)?;
    bus.write_read(self.0.address, &[self.0.register], to).await.map_err(|_| HostError::Io)?;
    Ok(Reading { samples: 1, gap: false })
  }
}

/// ST LIS3DH, an acceleration sensor of three axes: S16LE each, 2 g in 32768, of which the
/// FIFO keeps the upper 10 bits. Sections are those of its data sheet, DocID17530 Rev 2.
pub struct Lis3dh {
  /// Its address: 0x18 with SA0 low, 0x19 with SA0 high (6.1.1).
  pub address: u8,
}

/// Registers of LIS3DH (7).
mod lis3dh {
  pub const WHO_AM_I: u8 = 0x0f;
  pub const CTRL_REG1: u8 = 0x20;
  pub const CTRL_REG4: u8 = 0x23;
  pub const CTRL_REG5: u8 = 0x24;
  pub const OUT_X_L: u8 = 0x28;
  pub const FIFO_CTRL_REG: u8 = 0x2e;
  pub const FIFO_SRC_REG: u8 = 0x2f;
  /// Of a register's number: it counts up over several bytes (6.1.1).
  pub const SEVERAL: u8 = 0x80;
  /// What WHO_AM_I is (8.6).
  pub const IDENTITY: u8 = 0x33;
  /// X, Y and Z on (8.8).
  pub const AXES: u8 = 0x07;
  /// Both bytes of a value are of one sample (8.11, BDU).
  pub const WHOLE: u8 = 0x80;
  /// The FIFO is used (8.12).
  pub const FIFO_ON: u8 = 0x40;
  /// Mode of the FIFO: none, which empties it, and stream, which keeps the newest samples (8.19).
  pub const BYPASS: u8 = 0x00;
  pub const STREAM: u8 = 0x80;
  /// The FIFO was full and samples were overwritten (8.20).
  pub const OVERRUN: u8 = 0x40;
  /// Samples in the FIFO; with an overrun, all 32 of its places (8.20).
  pub const LEVEL: u8 = 0x1f;
}

/// Bytes of a sample: three axes.
const AXES_BYTES: usize = 6;

impl Sensor for Lis3dh {
  fn sample(&self) -> usize {
    AXES_BYTES
  }

  fn buffers(&self) -> bool {
    true
  }

  async fn start(&mut self, bus: &mut impl I2c, rate: u32) -> Result<(), HostError> {
    use lis3dh::*;
    // Data rates (8.8).
    let rate = match rate {
      1 => 1,
      10 => 2,
      25 => 3,
      50 => 4,
      100 => 5,
      200 => 6,
      400 => 7,
      _ => return Err(HostError::Unsupported),
    };
    if register(bus, self.address, WHO_AM_I).await? != IDENTITY {
      return Err(HostError::NotFound);
    }
    write(bus, self.address, CTRL_REG4, WHOLE).await?;
    write(bus, self.address, CTRL_REG5, FIFO_ON).await?;
    // Emptied before it is filled anew.
    write(bus, self.address, FIFO_CTRL_REG, BYPASS).await?;
    write(bus, self.address, FIFO_CTRL_REG, STREAM).await?;
    write(bus, self.address, CTRL_REG1, rate << 4 | AXES).await
  }

  async fn read(&mut self, bus: &mut impl I2c, to: &mut [u8]) -> Result<Reading, HostError> {
    use lis3dh::*;
    let source = register(bus, self.address, FIFO_SRC_REG).await?;
    let gap = source & OVERRUN != 0;
    let level = if gap { 32 } else { (source & LEVEL) as usize };
    let samples = level.min(to.len() / AXES_BYTES);
    if samples > 0 {
      // Behind Z the address goes back to X (5.1.5, retrieving data from the FIFO).
      let to = &mut to[..samples * AXES_BYTES];
      bus.write_read(self.address, &[OUT_X_L | SEVERAL], to).await.map_err(|_| HostError::Io)?;
    }
    Ok(Reading { samples: samples as u32, gap })
  }
}

/// The host's clock.
pub trait Clock {
  /// Nanoseconds since the start.
  fn now(&self) -> i64;
}

/// Fills blocks from a sensor, for ever; to be run as a task of the board's. It sets the sensor up with the first block, and
/// again after an error.
pub async fn serve<B: I2c>(
  fills: &Fills,
  bus: &mut B,
  sensor: &mut impl Sensor,
  timer: &mut impl DelayNs,
  clock: &impl Clock,
) -> ! {
  let mut pace = Pace { rate: 0, next: 0, last: i64::MIN, gap: false, lost: 0 };
  loop {
    let job = fills.next().await;
    let begin = fill(fills, &job, &mut pace, bus, sensor, timer, clock).await;
    let token = job.job.token;
    let result = match begin {
      Ok(begin) => Filled { token, begin: Ok(begin), gap: pace.gap, lost: pace.lost },
      Err(error) => {
        pace.rate = 0;
        Filled { token, begin: Err(error), gap: false, lost: 0 }
      }
    };
    if begin.is_ok() && fills.is_wanted(&job) {
      (pace.gap, pace.lost) = (false, 0);
    }
    fills.finish(&job, result);
  }
}

/// When samples are taken.
struct Pace {
  /// Samples a second; 0 before the sensor is set up.
  rate: u32,
  /// When the next is due.
  next: i64,
  /// When the last one was taken.
  last: i64,
  gap: bool,
  lost: u32,
}

async fn fill<B: I2c>(
  fills: &Fills,
  job: &Job<Fill>,
  pace: &mut Pace,
  bus: &mut B,
  sensor: &mut impl Sensor,
  timer: &mut impl DelayNs,
  clock: &impl Clock,
) -> Result<i64, HostError> {
  let (size, wanted) = (sensor.sample(), job.job.length as usize);
  let mut buffer = [0u8; MOST];
  let rate = job.job.rate.max(1);
  let period = 1_000_000_000 / rate as i64;
  if pace.rate != rate {
    sensor.start(bus, rate).await?;
    (pace.rate, pace.next, pace.gap, pace.lost) = (rate, clock.now() + period, false, 0);
  }
  let (mut done, mut begin) = (0, None);
  while done < wanted && fills.is_wanted(job) {
    let missing = (wanted - done) / size;
    let now = clock.now();
    if !sensor.buffers() && now >= pace.next + period {
      // Samples that nobody asked for in time.
      let late = (now - pace.next) / period;
      pace.lost = pace.lost.saturating_add(late as u32);
      pace.gap = true;
      pace.next += late * period;
    }
    wait(timer, pace.next - now).await;
    let taken = if sensor.buffers() { missing.min(MOST / size) } else { 1 };
    // Without a buffer, a sample is as old as the question.
    let asked = clock.now();
    let reading = sensor.read(bus, &mut buffer[..taken * size]).await?;
    let now = clock.now();
    if reading.gap {
      pace.gap = true;
      pace.lost = pace.lost.saturating_add(1);
    }
    let samples = (reading.samples as usize).min(taken);
    if samples > 0 {
      // The last of them was taken just now; time does not go back.
      let first = if sensor.buffers() { now - (samples as i64 - 1) * period } else { asked };
      let first = first.max(pace.last.saturating_add(1));
      pace.last = first + (samples as i64 - 1) * period;
      begin = begin.or(Some(first));
      if !fills.is_wanted(job) {
        break;
      }
      let bytes = samples * size;
      // Inside the block, which is the driver's while the job is wanted.
      unsafe { core::ptr::copy_nonoverlapping(buffer.as_ptr(), job.job.at.add(done), bytes) };
      done += bytes;
    }
    // A sensor with a buffer is asked again when what is missing may be there, in good time before it overflows.
    let beats = if sensor.buffers() { ((wanted - done) / size).clamp(1, 16) } else { 1 };
    pace.next = if sensor.buffers() { now + beats as i64 * period } else { pace.next + period };
  }
  Ok(begin.unwrap_or(pace.last))
}

async fn wait(timer: &mut impl DelayNs, time: i64) {
  // A delay is 32 bits of microseconds.
  let us = (time.max(0) as u64).div_ceil(1000).min(u32::MAX as u64) as u32;
  if us > 0 {
    timer.delay_us(us).await;
  }
}
