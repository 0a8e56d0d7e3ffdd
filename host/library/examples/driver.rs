//! Runs launch lines for tests: reads a JSON object a line, and answers each with one.
//!
//!     {"line": "fakesrc num-buffers=3 ! fakesink", "folder": "/tmp/a", "memory": 16777216}

use std::io::{BufRead, Write, stdin, stdout};

use g2g_host::{Engine, EngineOptions, Error, GraphElement, LaunchOptions, LinkStats, Message, Pipeline, Report};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct Job {
  line: String,
  folder: String,
  memory: u32,
  simd: Option<bool>,
}

#[derive(Default, Serialize)]
struct Answer {
  /// Why the line could not be built.
  refused: Option<Report>,
  /// What failed besides the pipeline.
  fault: Option<String>,
  messages: Vec<Message>,
  links: Vec<LinkStats>,
  graph: Vec<GraphElement>,
}

async fn run(engine: &Engine, job: &Job) -> Answer {
  let mut answer = Answer::default();
  let options = LaunchOptions { memory: job.memory, check_leaks: true, ..LaunchOptions::default() };
  let pipeline = match Pipeline::launch(engine, &job.line, options) {
    Ok(pipeline) => pipeline,
    Err(Error::Pipeline(report)) => return Answer { refused: Some(*report), ..answer },
    Err(error) => return Answer { fault: Some(error.to_string()), ..answer },
  };
  let mut bus = pipeline.bus();
  // What fails is told by the bus.
  let _ = pipeline.play().await;
  let _ = pipeline.done().await;
  answer.links = pipeline.stats().map(|s| s.links).unwrap_or_default();
  answer.graph = pipeline.graph().unwrap_or_default();
  if let Err(error) = pipeline.close().await {
    answer.fault = Some(error.to_string());
  }
  while let Some(message) = bus.next().await {
    answer.messages.push(message);
  }
  answer
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
  let engines: Vec<Engine> = [false, true]
    .into_iter()
    .map(|simd| Engine::new(&EngineOptions { simd: Some(simd), ..EngineOptions::default() }))
    .collect::<Result<_, Error>>()?;
  for line in stdin().lock().lines() {
    let job: Job = serde_json::from_str(&line?)?;
    std::env::set_current_dir(&job.folder)?;
    let answer = run(&engines[usize::from(job.simd.unwrap_or(true))], &job).await;
    let mut out = stdout().lock();
    serde_json::to_writer(&mut out, &answer)?;
    out.write_all(b"\n")?;
    out.flush()?;
  }
  Ok(())
}
