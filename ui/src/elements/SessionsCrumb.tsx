/** The way back to the list from a page below it. */

import { Link } from "@tanstack/react-router";

export function SessionsCrumb({ project }: { project: string }) {
  return (
    <Link
      to="/p/$project/sessions"
      activeOptions={{ exact: true }}
      params={{ project }}
      search={{}}
    >
      Sessions
    </Link>
  );
}
