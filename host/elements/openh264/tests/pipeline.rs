//! The elements in pipelines: what a launch line alone cannot ask for.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use g2g_host::{Bus, Engine, EngineOptions, LaunchOptions, Message, Pipeline, Seek, Value};
use tokio::time::timeout;

/// A file that is gone when the test ends.
struct Scratch(PathBuf);

impl Scratch {
  fn new(name: &str) -> Scratch {
    Scratch(std::env::temp_dir().join(format!("g2g-openh264-{}-{name}", std::process::id())))
  }

  fn path(&self) -> &Path {
    &self.0
  }
}

impl Drop for Scratch {
  fn drop(&mut self) {
    let _ = fs::remove_file(&self.0);
  }
}

fn launch(line: &str) -> Pipeline {
  let engine = Engine::new(&EngineOptions::default()).unwrap();
  let options = LaunchOptions { elements: g2g_openh264::elements(), check_leaks: true, ..LaunchOptions::default() };
  Pipeline::launch(&engine, line, options).unwrap()
}

async fn in_time<T>(what: impl Future<Output = T>) -> T {
  timeout(Duration::from_secs(60), what).await.expect("it takes less than a minute")
}

async fn play(pipeline: &Pipeline) {
  in_time(pipeline.play()).await.unwrap();
  in_time(pipeline.done()).await.unwrap();
}

fn source(pictures: u32, size: (u32, u32)) -> String {
  let (w, h) = size;
  let caps = format!("video/x-raw,format=I420,width={w},height={h},framerate=25/1");
  format!("videotestsrc num-buffers={pictures} horizontal-speed=3 ! {caps}")
}

/// Types of the NAL units of a byte stream.
fn nal_types(stream: &[u8]) -> Vec<u8> {
  stream.windows(4).filter(|w| w[..3] == [0, 0, 1]).map(|w| w[3] & 31).collect()
}

/// Places of the key frames among the pictures of a stream with one slice a picture.
fn key_frames(stream: &[u8]) -> Vec<usize> {
  let slices = nal_types(stream).into_iter().filter(|kind| matches!(kind, 1 | 5));
  slices.enumerate().filter(|(_, kind)| *kind == 5).map(|(i, _)| i).collect()
}

/// Presentation times of the frames that a sink tells of, ns.
async fn times(mut bus: Bus) -> Vec<i64> {
  let mut all = Vec::new();
  while let Some(message) = bus.next().await {
    if let Message::Element { values, .. } = message
      && let Some(Value::Int(pts)) = values.get(1)
    {
      all.push(*pts);
    }
  }
  all
}

#[tokio::test]
async fn key_frames_come_where_they_are_asked_for() {
  let out = Scratch::new("keys.264");
  let encoder = "openh264enc gop-size=0 scene-change-detection=false bitrate=500000";
  let line = format!("{} ! {encoder} ! filesink location={}", source(50, (160, 120)), out.path().display());
  let pipeline = launch(&line);
  in_time(pipeline.pause()).await.unwrap();
  pipeline.force_key_unit(Some(1_000_000_000)).unwrap();
  play(&pipeline).await;
  pipeline.close().await.unwrap();
  let stream = fs::read(out.path()).unwrap();
  assert_eq!(key_frames(&stream), [0, 25]);
  // Each has its parameter sets in front of it.
  let types = nal_types(&stream);
  assert_eq!((types[..3].to_vec(), types.iter().filter(|t| **t == 7).count()), (vec![7, 8, 5], 2));
}

#[tokio::test]
async fn the_bitrate_can_be_changed_while_it_plays() {
  let mut sizes = Vec::new();
  for lower in [false, true] {
    let out = Scratch::new(if lower { "lower.264" } else { "same.264" });
    let encoder = "openh264enc name=enc rate-control=bitrate gop-size=0 bitrate=2000000";
    let line = format!("{} ! {encoder} ! filesink location={}", source(100, (320, 240)), out.path().display());
    let pipeline = launch(&line);
    in_time(pipeline.pause()).await.unwrap();
    if lower {
      pipeline.element("enc").unwrap().set("bitrate", "200000").unwrap();
    }
    play(&pipeline).await;
    pipeline.close().await.unwrap();
    sizes.push(fs::metadata(out.path()).unwrap().len());
  }
  assert!(sizes[1] * 2 < sizes[0], "{sizes:?}");
}

#[tokio::test]
async fn a_seek_goes_on_at_a_key_frame_and_nothing_older_comes() {
  let file = Scratch::new("seek.mp4");
  // A decoder holds a picture of this profile back.
  let profile = "video/x-h264,profile=main";
  let encoder = format!("openh264enc gop-size=25 scene-change-detection=false bitrate=500000 ! {profile}");
  let line = format!(
    "{} ! {encoder} ! h264parse ! mp4mux ! filesink location={}",
    source(100, (160, 120)),
    file.path().display()
  );
  let pipeline = launch(&line);
  play(&pipeline).await;
  pipeline.close().await.unwrap();

  let reading = format!(
    "filesrc location={} ! qtdemux ! h264parse ! video/x-h264,stream-format=byte-stream",
    file.path().display()
  );
  let line = format!("{reading} ! openh264dec ! fakesink silent=false");
  let pipeline = launch(&line);
  let all = tokio::spawn(times(pipeline.bus()));
  play(&pipeline).await;
  pipeline.close().await.unwrap();
  let all = all.await.unwrap();
  assert_eq!(all, (0..100).map(|i| i * 40_000_000).collect::<Vec<_>>());

  let pipeline = launch(&line);
  in_time(pipeline.pause()).await.unwrap();
  pipeline.seek(Seek::to(2_300_000_000)).unwrap();
  let after = tokio::spawn(times(pipeline.bus()));
  play(&pipeline).await;
  pipeline.close().await.unwrap();
  let after = after.await.unwrap();
  let first = after.iter().position(|t| *t == 2_000_000_000).expect("the key frame before the place");
  assert_eq!(after[first..], all[50..], "{after:?}");
  assert_eq!(first, 0, "what was in flight is void: {after:?}");
}

#[tokio::test]
async fn a_pipeline_may_be_stopped_and_dropped_while_it_works() {
  let line = format!("{} ! openh264enc ! h264parse ! openh264dec ! fakesink", source(10_000, (320, 240)));
  for _ in 0..3 {
    let pipeline = launch(&line);
    in_time(pipeline.play()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(30)).await;
    in_time(pipeline.stop()).await.unwrap();
    in_time(pipeline.play()).await.unwrap();
    in_time(pipeline.close()).await.unwrap();
    let dropped = launch(&line);
    in_time(dropped.play()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(10)).await;
  }
}
