//! Plays a file to its end and prints what the pipeline says:
//!
//!     cargo run --release --example play -- in.ts

use g2g_host::{Engine, EngineOptions, Error, LaunchOptions, Pipeline};

#[tokio::main]
async fn main() -> Result<(), Error> {
  let file = std::env::args().nth(1).unwrap_or("in.ts".into());
  let engine = Engine::new(&EngineOptions::default())?;
  let line = format!("filesrc location={file} ! tsdemux ! h264parse ! fakesink name=sink");
  let pipeline = Pipeline::launch(&engine, &line, LaunchOptions::default())?;
  let mut bus = pipeline.bus();
  pipeline.play().await?;
  let ending = pipeline.done().await;
  println!("{} pictures", pipeline.element("sink")?.get("rendered")?);
  pipeline.close().await?;
  while let Some(message) = bus.next().await {
    println!("{}", message.describe());
  }
  ending.map(drop)
}
