/** Pages whose code comes when they are opened. */

import { lazyRouteComponent } from "@tanstack/react-router";
import { get } from "./api/client";

type Code = Record<string, unknown>;

/**
 * A page by the name that its module exports it under. Where the code cannot be had because no server
 * answers, that is what is said; the router would load the whole document anew, and find nothing.
 */
export const latePage = <T extends Code, Name extends keyof T>(
  load: () => Promise<T>,
  name: Name,
) =>
  lazyRouteComponent(async () => {
    try {
      return await load();
    } catch (error) {
      await get("/state");
      throw error;
    }
  }, name);
