//! The metrics of `g2g run`, in the text format of Prometheus, over HTTP.

use std::convert::Infallible;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;

use g2g_host::supervise::Watched;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use tokio::net::TcpListener;

/// A pipeline by its name.
pub type Named = (String, Watched);

#[derive(Clone, Debug, EncodeLabelSet, Hash, PartialEq, Eq)]
struct Labels {
  pipeline: String,
}

/// What is measured now, as text.
fn measure(pipelines: &[Named]) -> String {
  let mut registry = Registry::with_prefix("g2g");
  let (running, restarts, failures) = (Family::default(), Family::default(), Family::default());
  let (memory, peak, steps) = (Family::default(), Family::default(), Family::default());
  let (read, written, time) = (Family::default(), Family::default(), Family::default());
  registry.register("running", "Whether the pipeline is there", Family::<Labels, Gauge>::clone(&running));
  registry.register("restarts", "How often it was begun anew", Family::<Labels, Counter>::clone(&restarts));
  registry.register("failures", "How often it has failed", Family::<Labels, Counter>::clone(&failures));
  let bytes = || Unit::Bytes;
  registry.register_with_unit("memory_used", "Memory in use", bytes(), Family::<Labels, Gauge>::clone(&memory));
  registry.register_with_unit("memory_peak", "Most memory in use", bytes(), Family::<Labels, Gauge>::clone(&peak));
  registry.register("steps", "Steps of this run", Family::<Labels, Gauge>::clone(&steps));
  registry.register_with_unit("read", "Read by this run", bytes(), Family::<Labels, Gauge>::clone(&read));
  registry.register_with_unit("written", "Written by this run", bytes(), Family::<Labels, Gauge>::clone(&written));
  let run_time = Family::<Labels, Gauge<f64, std::sync::atomic::AtomicU64>>::clone(&time);
  registry.register_with_unit("run_time", "How long this run has lasted", Unit::Seconds, run_time);
  for (name, watched) in pipelines {
    let labels = Labels { pipeline: name.clone() };
    let seen = watched.seen();
    restarts.get_or_create(&labels).inc_by(seen.restarts);
    failures.get_or_create(&labels).inc_by(seen.failures);
    running.get_or_create(&labels).set(seen.pipeline.is_some().into());
    let Some(stats) = seen.pipeline.and_then(|p| p.stats().ok()) else { continue };
    let whole = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    memory.get_or_create(&labels).set(whole(stats.memory.used));
    peak.get_or_create(&labels).set(whole(stats.memory.peak));
    steps.get_or_create(&labels).set(whole(stats.host.steps));
    read.get_or_create(&labels).set(whole(stats.host.read_bytes));
    written.get_or_create(&labels).set(whole(stats.host.written_bytes));
    time.get_or_create(&labels).set(stats.time.running as f64 / 1e9);
  }
  let mut out = String::new();
  if text::encode(&mut out, &registry).is_err() {
    let _ = writeln!(out, "# what was measured cannot be written");
  }
  out
}

type Answer = Response<Full<Bytes>>;

fn answer(status: StatusCode, kind: &'static str, body: String) -> Answer {
  let mut answer = Response::new(Full::new(Bytes::from(body)));
  *answer.status_mut() = status;
  answer.headers_mut().insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static(kind));
  answer
}

fn serve_request(request: &Request<Incoming>, pipelines: &[Named]) -> Answer {
  const PLAIN: &str = "text/plain; charset=utf-8";
  if request.uri().path() != "/metrics" {
    return answer(StatusCode::NOT_FOUND, PLAIN, "metrics are at /metrics\n".into());
  }
  if request.method() != Method::GET && request.method() != Method::HEAD {
    let mut refused = answer(StatusCode::METHOD_NOT_ALLOWED, PLAIN, "only GET\n".into());
    refused.headers_mut().insert(ALLOW, hyper::header::HeaderValue::from_static("GET, HEAD"));
    return refused;
  }
  answer(StatusCode::OK, "application/openmetrics-text; version=1.0.0; charset=utf-8", measure(pipelines))
}

/// Begins to serve metrics; the address that it listens at, or why it cannot.
pub async fn serve(at: SocketAddr, pipelines: Arc<[Named]>) -> Result<SocketAddr, std::io::Error> {
  let listener = TcpListener::bind(at).await?;
  let bound = listener.local_addr()?;
  tokio::spawn(async move {
    loop {
      let Ok((stream, _)) = listener.accept().await else {
        // Too many are open: a moment later there may be room.
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        continue;
      };
      let pipelines = pipelines.clone();
      let service = service_fn(move |request| {
        let answer = serve_request(&request, &pipelines);
        async move { Ok::<_, Infallible>(answer) }
      });
      let mut http = http1::Builder::new();
      http.timer(TokioTimer::new()).keep_alive(false);
      tokio::spawn(http.serve_connection(TokioIo::new(stream), service));
    }
  });
  Ok(bound)
}
