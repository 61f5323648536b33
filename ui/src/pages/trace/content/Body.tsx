/** One content of an observation: as messages, as a text, or as JSON; to be copied and taken away. */

import { Check, Copy, Download } from "lucide-react";
import { useMemo, useState } from "react";
import { address } from "../../../api/client";
import type { SchemaContentBody } from "../../../api/schema";
import { bytes } from "../../../format/figures";
import { JsonTree } from "./JsonTree";
import { isObject, type Json, parse, readable } from "./json";
import { LongText } from "./LongText";
import { ContentSource, Media } from "./Media";
import { Messages } from "./Messages";
import { fileOf } from "./media";
import { type Message, messagesOf } from "./messages";

interface Props {
  title: string;
  side: "input" | "output" | "metadata";
  content: SchemaContentBody;
  /** The observation's path under the pages' own API. */
  path: string;
  onWhole: () => void;
  /** Messages that belong before those of the content. */
  before?: readonly Message[];
}

export function Body({ title, side, content, path, onWhole, before = [] }: Props) {
  const value = useMemo(() => parse(content.text, content.isCut), [content]);
  const raw = address(`${path}/raw/${side}`);
  return (
    <ContentSource value={{ path, side }}>
      <section className="content" aria-label={title}>
        <header>
          <h3>{title}</h3>
          <span className="quiet small">{bytes(content.bytes)}</span>
          <span className="content-acts">
            <CopyButton
              what={title}
              text={async () =>
                content.isCut ? (await fetch(raw)).text() : readable(value ?? content.text)
              }
            />
            <a
              className="button plain icon"
              href={raw}
              download
              aria-label={`Download the ${title.toLowerCase()} as it was sent`}
              title="Download as it was sent"
            >
              <Download size={15} aria-hidden />
            </a>
          </span>
        </header>
        <Shown value={value} text={content.text} before={before} />
        {content.isCut && (
          <p className="cut-note">
            The first 64 KB are shown.{" "}
            <button type="button" className="button" onClick={onWhole}>
              Load all {bytes(content.bytes)}
            </button>
          </p>
        )}
      </section>
    </ContentSource>
  );
}

function Shown({
  value,
  text,
  before,
}: {
  value: Json | undefined;
  text: string;
  before: readonly Message[];
}) {
  const messages = useMemo(() => (value === undefined ? undefined : messagesOf(value)), [value]);
  if (messages) return <Messages messages={[...before, ...messages]} />;
  return (
    <>
      {before.length > 0 && <Messages messages={before} />}
      {isObject(value) || Array.isArray(value) ? (
        <div className="code">
          <JsonTree value={value} />
        </div>
      ) : (
        <Text text={value === undefined ? text : readable(value)} />
      )}
    </>
  );
}

export function Text({ text }: { text: string }) {
  const file = fileOf(text);
  if (file) return <Media file={file} />;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls
    <div className="code prose" role="group" aria-label="Text" tabIndex={0}>
      <LongText text={text} />
    </div>
  );
}

export function CopyButton({ what, text }: { what: string; text: () => string | Promise<string> }) {
  const [isCopied, setCopied] = useState(false);
  async function copy() {
    await navigator.clipboard.writeText(await text());
    setCopied(true);
    setTimeout(() => setCopied(false), 1_500);
  }
  return (
    <button
      type="button"
      className="button plain icon"
      aria-label={isCopied ? "Copied" : `Copy the ${what.toLowerCase()}`}
      title="Copy"
      onClick={() => void copy()}
    >
      {isCopied ? <Check size={15} aria-hidden /> : <Copy size={15} aria-hidden />}
    </button>
  );
}
