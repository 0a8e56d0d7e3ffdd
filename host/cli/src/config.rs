//! The file of `g2g run`: pipelines, their limits, and when they are begun anew.

use std::time::Duration;

use g2g_host::supervise::{Policy, Restart};
use serde::{Deserialize, Deserializer, de};

use crate::args::bytes;

/// What `g2g run` runs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
  /// Where metrics are served, such as `127.0.0.1:9464`; nowhere without it.
  pub metrics: Option<std::net::SocketAddr>,
  /// How long a step may take before its pipeline is ended.
  #[serde(default, deserialize_with = "duration")]
  pub step_deadline: Option<Duration>,
  /// The pipelines.
  #[serde(rename = "pipeline", default)]
  pub pipelines: Vec<PipelineConfig>,
}

/// A pipeline.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PipelineConfig {
  /// What it is called in messages and metrics.
  pub name: String,
  /// Its launch line.
  pub line: String,
  /// The ceiling of its memory, such as `64M`.
  #[serde(default, deserialize_with = "size")]
  pub max_memory: Option<u32>,
  #[serde(default)]
  restart: RestartWord,
  max_restarts: Option<u32>,
  #[serde(default, deserialize_with = "duration")]
  restart_window: Option<Duration>,
  #[serde(default, deserialize_with = "duration")]
  restart_pause: Option<Duration>,
  #[serde(default, deserialize_with = "duration")]
  stop_timeout: Option<Duration>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum RestartWord {
  Never,
  #[default]
  OnFailure,
  Always,
}

impl PipelineConfig {
  /// How it is kept going.
  pub fn policy(&self) -> Policy {
    let default = Policy::default();
    Policy {
      restart: match self.restart {
        RestartWord::Never => Restart::Never,
        RestartWord::OnFailure => Restart::OnFailure,
        RestartWord::Always => Restart::Always,
      },
      most: self.max_restarts.unwrap_or(default.most),
      within: self.restart_window.unwrap_or(default.within),
      pause: self.restart_pause.unwrap_or(default.pause),
      grace: self.stop_timeout.unwrap_or(default.grace),
    }
  }
}

impl Config {
  /// Reads a file's text; why it cannot be, with the place.
  pub fn parse(text: &str) -> Result<Config, String> {
    let config: Config = toml::from_str(text).map_err(|e| e.to_string().trim_end().to_string())?;
    if config.pipelines.is_empty() {
      return Err("there is no [[pipeline]]".into());
    }
    for (i, p) in config.pipelines.iter().enumerate() {
      if p.name.is_empty() {
        return Err(format!("the {}. pipeline has an empty name", i + 1));
      }
      if config.pipelines[..i].iter().any(|other| other.name == p.name) {
        return Err(format!("two pipelines are named \"{}\"", p.name));
      }
    }
    Ok(config)
  }
}

fn size<'de, D: Deserializer<'de>>(d: D) -> Result<Option<u32>, D::Error> {
  let text = String::deserialize(d)?;
  bytes(&text).map(Some).map_err(de::Error::custom)
}

/// A time such as `500ms`, `10s`, `2m`.
fn duration<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Duration>, D::Error> {
  let text = String::deserialize(d)?;
  let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
  let unit = match &text[digits.len()..] {
    "ms" => Some(1),
    "s" => Some(1000),
    "m" => Some(60_000),
    _ => None,
  };
  let count = Some(digits).filter(|d| d.bytes().all(|b| b.is_ascii_digit())).and_then(|d| d.parse::<u64>().ok());
  let time = count.zip(unit).and_then(|(n, unit)| n.checked_mul(unit)).map(Duration::from_millis);
  let wrong = || de::Error::custom(format!("\"{text}\" is no time such as 500ms, 10s or 2m"));
  time.map(Some).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
  use super::*;

  #[test]
  fn a_file_names_pipelines_and_how_they_are_kept_going() {
    let config = Config::parse(
      r#"
        metrics = "127.0.0.1:9464"
        [[pipeline]]
        name = "a"
        line = "fakesrc ! fakesink"
        [[pipeline]]
        name = "b"
        line = "fakesrc ! fakesink"
        max-memory = "8M"
        restart = "always"
        max-restarts = 2
        restart-window = "2m"
        restart-pause = "500ms"
      "#,
    )
    .unwrap();
    let [a, b] = &config.pipelines[..] else { panic!() };
    assert_eq!((a.max_memory, a.policy().restart, a.policy().most), (None, Restart::OnFailure, 5));
    assert_eq!((b.max_memory, b.policy().restart, b.policy().most), (Some(8 << 20), Restart::Always, 2));
    assert_eq!((b.policy().within, b.policy().pause), (Duration::from_secs(120), Duration::from_millis(500)));
  }

  #[test]
  fn what_is_wrong_in_a_file_is_told_with_its_place() {
    let pipeline = "[[pipeline]]\nname = \"a\"\nline = \"fakesrc ! fakesink\"\n";
    let wrong = [
      ("", "there is no [[pipeline]]"),
      ("[[pipeline]]\nname = \"a\"", "missing field `line`"),
      (&format!("{pipeline}{pipeline}"), "two pipelines are named \"a\""),
      (&format!("{pipeline}restart = \"sometimes\""), "unknown variant `sometimes`"),
      (&format!("{pipeline}max-memory = \"8 apples\""), "a number such as 64M"),
      (&format!("{pipeline}stop-timeout = \"soon\""), "\"soon\" is no time"),
      (&format!("{pipeline}speed = 3"), "unknown field `speed`"),
      ("metrics = \"here\"\n", "line 1"),
    ];
    for (text, words) in wrong {
      let error = Config::parse(text).unwrap_err();
      assert!(error.contains(words), "{text}: {error}");
    }
  }
}
