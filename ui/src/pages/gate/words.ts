/** Figures of the gate in words, with their units. */

import { decimal, duration, percent } from "../../format/figures";

interface Metric {
  name: string;
  write: (value: number | null) => string;
}

const words = (value: number | null) =>
  value === null ? decimal(null) : `${decimal(value)} ${value === 1 ? "word" : "words"}`;

const METRICS: Readonly<Record<string, Metric>> = {
  detectionLatencyMs: { name: "Detection latency", write: duration },
  stopLatencyMs: { name: "Time to stop talking", write: duration },
  flushLatencyMs: { name: "Flush latency", write: duration },
  bleedThroughWords: { name: "Words bled through", write: words },
  turnLatencyMs: { name: "Response time", write: duration },
  endpointingMs: { name: "Endpointing", write: duration },
  sttMs: { name: "STT", write: duration },
  llmMs: { name: "LLM", write: duration },
  ttsMs: { name: "TTS", write: duration },
  falseInterruptionRate: { name: "False interruptions", write: percent },
  missedInterruptions: { name: "Missed interruption", write: decimal },
  prematureEndpointing: { name: "Cut the caller off", write: decimal },
};

/** `stopLatencyMs.p95` as `Time to stop talking, p95`; one that this page does not know as it is. */
export function metricName(metric: string): string {
  const [base = "", percentile] = metric.split(".");
  const name = METRICS[base]?.name ?? base;
  if (metric.endsWith(".change")) return `${metricName(metric.slice(0, -7))} against the baseline`;
  return percentile ? `${name}, ${percentile}` : name;
}

/** A value of a metric with its unit; a change is a share. */
export function metricValue(metric: string, value: number | null): string {
  if (metric.endsWith(".change")) {
    return value === null ? percent(null) : signed(value, percent);
  }
  return (METRICS[metric.split(".")[0] ?? ""]?.write ?? decimal)(value);
}

/** A difference with its sign; none has none. */
export function signed(value: number, write: (value: number) => string): string {
  const text = write(Math.abs(value));
  return value === 0 ? text : `${value < 0 ? "−" : "+"}${text}`;
}

export const KIND_NAMES = {
  barge_in: "Interruption",
  false_alarm: "False alarm",
  missed: "Missed",
  premature: "Cut the caller off",
  backchannel: "Backchannel",
} as const;
