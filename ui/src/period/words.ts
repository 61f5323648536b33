/** Names of the server's kinds in words. */

const STAGES: Readonly<Record<string, string>> = {
  eou: "EOU",
  endpointing: "Endpointing",
  stt: "STT",
  llm: "LLM",
  tts: "TTS",
  tool: "Tool",
  callback: "Callback",
  transport: "Transport",
  unexplained: "Unexplained",
  telephony: "Telephony",
  platform: "Platform",
  other: "Other",
};

const SHORT_WORDS: Readonly<Record<string, string>> = { stt: "STT", tts: "TTS", llm: "LLM" };

/** `llm` as `LLM`; a stage that this page does not know keeps its own name. */
export function stageName(stage: string): string {
  return STAGES[stage] ?? stage;
}

/** `slow_barge_in` as `Slow barge in`. */
export function typeName(type: string): string {
  const words = type.split("_").map((word) => SHORT_WORDS[word] ?? word);
  const text = words.join(" ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}
