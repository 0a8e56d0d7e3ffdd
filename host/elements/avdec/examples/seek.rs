//! Decodes a file, goes back to a time when some pictures have come, and prints the times of all pictures, ns: those of before,
//! an empty line, those of after.
//!
//!     cargo run --example seek -- in.mp4 1000000000

use std::env;

use g2g_host::{Engine, EngineOptions, LaunchOptions, Message, Pipeline, Seek, Value};

/// Pictures after which it goes back.
const PICTURES: usize = 40;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
  let mut args = env::args().skip(1);
  let (file, time) = (args.next().ok_or("a file")?, args.next().ok_or("a time, ns")?.parse()?);
  let engine = Engine::new(&EngineOptions::default())?;
  let options = LaunchOptions { elements: g2g_avdec::elements(), check_leaks: true, ..LaunchOptions::default() };
  let line = format!("filesrc location={file} ! mp4demux ! h264parse ! avdec_h264 ! fakesink name=sink silent=false");
  let pipeline = Pipeline::launch(&engine, &line, options)?;
  let mut bus = pipeline.bus();
  pipeline.play().await?;
  let mut count = 0;
  while let Some(message) = bus.next().await {
    match message {
      Message::Element { values, .. } => {
        if let Some(Value::Int(pts)) = values.get(1) {
          println!("{pts}");
          count += 1;
        }
        if count == PICTURES {
          pipeline.seek(Seek::to(time))?;
          println!();
        }
      }
      Message::Eos { .. } => break,
      Message::Error(report) => return Err(report.text.into()),
      _ => {}
    }
  }
  Ok(pipeline.close().await?)
}
