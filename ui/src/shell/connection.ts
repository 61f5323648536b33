/** Whether the server answers, as far as the last calls have shown. */

import { useQueryClient } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { ApiError, get } from "../api/client";

const AGAIN_MS = 2_000;
/** A page that asks for nothing finds out so. */
const LOOK_MS = 10_000;

/** False from the first call that found no server until the server answers again. */
export function useConnection(): boolean {
  const queries = useQueryClient();
  const router = useRouter();
  const [isConnected, setConnected] = useState(true);
  useEffect(
    () =>
      queries.getQueryCache().subscribe(({ query }) => {
        const { error } = query.state;
        if (error instanceof ApiError && error.status === 0) setConnected(false);
      }),
    [queries],
  );
  useEffect(() => {
    if (!isConnected) return;
    const look = () => {
      if (document.visibilityState === "hidden") return;
      get("/state").catch((error: unknown) => {
        if (error instanceof ApiError && error.status === 0) setConnected(false);
      });
    };
    const timer = setInterval(look, LOOK_MS);
    window.addEventListener("offline", look);
    return () => {
      clearInterval(timer);
      window.removeEventListener("offline", look);
    };
  }, [isConnected]);
  useEffect(() => {
    if (isConnected) return;
    const timer = setInterval(() => {
      get("/state").then(
        () => {
          setConnected(true);
          // Pages whose code did not come, and what they asked for.
          void router.invalidate();
          void queries.refetchQueries({ type: "active" });
        },
        () => undefined,
      );
    }, AGAIN_MS);
    return () => clearInterval(timer);
  }, [isConnected, queries, router]);
  return isConnected;
}
