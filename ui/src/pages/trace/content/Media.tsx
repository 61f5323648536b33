/** A recording or a picture that stood in a content. */

import { useQuery } from "@tanstack/react-query";
import { Download } from "lucide-react";
import { createContext, useContext, useEffect, useState } from "react";
import { bytes } from "../../../format/figures";
import { type NamedFile, partAddress } from "./media";

export interface Source {
  /** The path of the observation under the pages' own API. */
  path: string;
  side: string;
}

/** Which content is shown. */
export const ContentSource = createContext<Source>({ path: "", side: "" });

export function Media({ file }: { file: NamedFile }) {
  const source = useContext(ContentSource);
  if ("mediaId" in file.place) return <SentApart file={file} mediaId={file.place.mediaId} />;
  return <Shown file={file} url={partAddress(source.path, source.side, file.place.part)} />;
}

function SentApart({ file, mediaId }: { file: NamedFile; mediaId: string }) {
  const found = useQuery({
    queryKey: ["media", mediaId],
    queryFn: async ({ signal }) => {
      const answer = await fetch(`/api/public/media/${encodeURIComponent(mediaId)}`, { signal });
      if (!answer.ok) throw new Error("The file is not here.");
      return ((await answer.json()) as { url: string }).url;
    },
    staleTime: 10 * 60_000,
    retry: false,
  });
  if (found.isPending) return <p className="quiet small">Looking for the file …</p>;
  if (!found.data) return <p className="quiet small">A {file.type} file that is not here.</p>;
  // A page may show what comes from its own origin only; a bucket's link is left to the browser.
  const isOwn = new URL(found.data, location.href).origin === location.origin;
  return <Shown file={isOwn ? file : { ...file, type: "" }} url={found.data} />;
}

interface ShownProps {
  file: Pick<NamedFile, "type" | "sizeBytes">;
  url: string;
  name?: string;
}

export function Shown({ file, url, name }: ShownProps) {
  const size = file.sizeBytes === null ? "" : `, ${bytes(file.sizeBytes)}`;
  const what = `${name ? `${name}, ` : ""}${file.type || "A file"}${size}`;
  if (file.type.startsWith("image/")) {
    return (
      <figure className="media">
        <img src={url} alt={`Sent with the content: ${what}`} loading="lazy" />
        <figcaption className="quiet small">{what}</figcaption>
      </figure>
    );
  }
  if (file.type.startsWith("audio/")) return <Sound url={url} what={what} />;
  return (
    <a className="button" href={url} download>
      <Download size={15} aria-hidden />
      {what}
    </a>
  );
}

/** Taken as a whole, so that one can go to any place in it. */
function Sound({ url, what }: { url: string; what: string }) {
  const [local, setLocal] = useState<string>();
  const [isMissing, setMissing] = useState(false);
  useEffect(() => {
    const stop = new AbortController();
    let made: string | undefined;
    fetch(url, { signal: stop.signal })
      .then((answer) => (answer.ok ? answer.blob() : Promise.reject(new Error())))
      .then((blob) => {
        made = URL.createObjectURL(blob);
        setLocal(made);
      })
      .catch(() => {
        if (!stop.signal.aborted) setMissing(true);
      });
    return () => {
      stop.abort();
      if (made) URL.revokeObjectURL(made);
    };
  }, [url]);
  return (
    <figure className="media">
      {isMissing ? (
        <p className="quiet small">The sound cannot be read.</p>
      ) : (
        // biome-ignore lint/a11y/useMediaCaption: nobody has written down what is heard
        <audio controls src={local} aria-label={`Sent with the content: ${what}`} />
      )}
      <figcaption className="quiet small">{what}</figcaption>
    </figure>
  );
}
