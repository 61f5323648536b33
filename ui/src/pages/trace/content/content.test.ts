import { describe, expect, it } from "vitest";
import { closed, type Json, parse } from "./json";
import { blocks } from "./LongText";
import { fileOf } from "./media";
import { messagesOf } from "./messages";
import { instructionsIn, metadataOf } from "./metadata";

describe("JSON that was cut off", () => {
  const whole = JSON.stringify({
    messages: [
      { role: "system", content: 'Say "hi", \\ and é \u0001' },
      { role: "user", content: ["a", { n: -1.5e3, ok: true, none: null, "odd,{name": [] }] },
    ],
  });
  it("can be read wherever it was cut", () => {
    for (let end = 1; end <= whole.length; end += 1) {
      expect(parse(whole.slice(0, end), true), whole.slice(0, end)).toBeDefined();
    }
  });
  it("keeps what had been said, also of an open text", () => {
    expect(JSON.parse(closed('{"a": 1, "b": [2, "thr'))).toEqual({ a: 1, b: [2, "thr"] });
    expect(JSON.parse(closed('{"a": 1, "b": 23'))).toEqual({ a: 1 });
    expect(JSON.parse(closed('"just a te'))).toBe("just a te");
    expect(JSON.parse(closed('["half \\u00'))).toEqual(["half "]);
  });
  it("is not guessed at when it is whole and no JSON", () => {
    expect(parse("{oops")).toBeUndefined();
  });
});

describe("messages", () => {
  const roles = (value: Parameters<typeof messagesOf>[0]) =>
    messagesOf(value)?.map((each) => each.role);
  it("come as chat completions with tools", () => {
    const found = messagesOf([
      { role: "developer", content: "Greet." },
      {
        role: "assistant",
        content: null,
        tool_calls: [{ id: "1", function: { name: "look_up", arguments: '{"id": 7}' } }],
      },
      { role: "tool", tool_call_id: "1", content: '{"state": "sent"}' },
    ]);
    expect(found).toEqual([
      { role: "developer", pieces: [{ is: "text", text: "Greet." }] },
      { role: "assistant", pieces: [{ is: "call", name: "look_up", arguments: { id: 7 } }] },
      {
        role: "tool",
        pieces: [{ is: "result", name: "", output: { state: "sent" }, isError: false }],
      },
    ]);
  });
  it("come as parts, contents, LiveKit items and LangChain constructors", () => {
    expect(roles([{ role: "user", parts: [{ type: "text", content: "Hi" }] }])).toEqual(["user"]);
    expect(roles({ contents: [{ role: "model", parts: [{ text: "Hi" }] }] })).toEqual([
      "assistant",
    ]);
    expect(
      roles({
        items: [
          { type: "message", role: "system", content: ["Be kind."] },
          { type: "function_call", name: "f", arguments: "{}" },
          { type: "function_call_output", name: "f", output: "ok" },
        ],
      }),
    ).toEqual(["system", "assistant", "tool"]);
    expect(
      roles([[{ id: ["langchain", "HumanMessage"], kwargs: { content: "Hi" }, lc: 1 }]]),
    ).toEqual(["user"]);
  });
  it("keep instructions that stand beside them", () => {
    expect(roles({ system: "Be kind.", messages: [{ role: "user", content: "Hi" }] })).toEqual([
      "system",
      "user",
    ]);
    expect(
      instructionsIn({ "gen_ai.system_instructions": '[{"type":"text","content":"Be kind."}]' }),
    ).toEqual([{ role: "system", pieces: [{ is: "text", text: "Be kind." }] }]);
  });
  it("show the files that their parts are about", () => {
    const url = "turnwise-media:0:image/png:70";
    const parts: Json[] = [
      { type: "image_url", image_url: { url } },
      { type: "input_audio", input_audio: { data: url, format: "wav" } },
      { type: "image", source: { type: "base64", media_type: "image/png", data: url } },
      { inline_data: { mime_type: "image/png", data: url } },
    ];
    for (const part of parts)
      expect(messagesOf([{ role: "user", content: [part] }])?.[0]?.pieces).toEqual([
        { is: "file", file: { type: "image/png", sizeBytes: 70, place: { part: 0 } } },
      ]);
  });
  it("keep parts that say more than a text whole", () => {
    const part = { type: "text", text: "Hi", language: "en" };
    expect(messagesOf([{ role: "user", content: [part] }])?.[0]?.pieces).toEqual([
      { is: "value", value: part },
    ]);
  });
  it("are not seen in other JSON", () => {
    for (const value of [{ a: 1 }, [1, 2], [], "text", null, [{ type: "x" }]])
      expect(messagesOf(value)).toBeUndefined();
  });
});

describe("files inside contents", () => {
  it("are known by name only", () => {
    expect(fileOf("turnwise-media:3:audio/wav:48000")).toEqual({
      type: "audio/wav",
      sizeBytes: 48_000,
      place: { part: 3 },
    });
    expect(fileOf("@@@langfuseMedia:type=image/png|id=abc_-1|source=bytes@@@")).toEqual({
      type: "image/png",
      sizeBytes: null,
      place: { mediaId: "abc_-1" },
    });
    expect(fileOf("see turnwise-media:3:audio/wav:48000")).toBeUndefined();
    expect(fileOf("turnwise-media:x:audio/wav:1")).toBeUndefined();
  });
});

describe("metadata", () => {
  it("is told apart into attributes, events and the rest", () => {
    const text = JSON.stringify({
      attributes: { a: 1 },
      events: [{ name: "exception", timeUnixNano: "1795272133180624000", attributes: {} }],
      scope: { name: "x" },
    });
    const found = metadataOf({ text, bytes: text.length, isCut: false });
    expect(found.attributes).toEqual({ a: 1 });
    expect(found.events[0]?.atMs).toBeCloseTo(1_795_272_133_180.6, 0);
    expect(found.others).toEqual({ scope: { name: "x" } });
  });
  it("may be anything", () => {
    expect(metadataOf(null).events).toEqual([]);
    expect(metadataOf({ text: "[1]", bytes: 3, isCut: false }).attributes).toEqual({});
  });
});

describe("a long text", () => {
  it("is kept letter by letter, in pieces that part no letter", () => {
    const text = `${"line of text\n".repeat(3_000)}${"😀".repeat(9_000)}`;
    const pieces = blocks(text);
    expect(pieces.join("")).toBe(text);
    expect(pieces.every((each) => !/[\ud800-\udbff]$/.test(each))).toBe(true);
    expect(Math.max(...pieces.map((each) => each.length))).toBeLessThan(9_000);
  });
});
