import { QueryCache, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { ApiError } from "./api/client";
import { makeRouter } from "./routes";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/elements.css";
import "./styles/boards.css";
import "./shell/shell.css";

const queries = new QueryClient({
  queryCache: new QueryCache({
    onError: (error) => {
      // The session has ended, here or in another tab: the pages ask to log in again.
      if (error instanceof ApiError && error.status === 401) {
        queries.removeQueries({ queryKey: ["me"] });
        void router.invalidate();
      }
    },
  }),
  defaultOptions: {
    queries: {
      // What the server refused it will refuse again; what it could not answer may come.
      retry: (times, error) =>
        times < 2 && !(error instanceof ApiError && error.status >= 400 && error.status < 500),
    },
  },
});
const router = makeRouter(queries);

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}

const place = document.getElementById("app");
if (!place) throw new Error("The document has no place for the app.");
createRoot(place).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
);
