/** Asks for the next page of a list, while there is one. */

interface Pages {
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  fetchNextPage: () => Promise<unknown>;
}

export function LoadMore({ of }: { of: Pages }) {
  if (!of.hasNextPage) return null;
  return (
    <button
      type="button"
      className="button"
      disabled={of.isFetchingNextPage}
      onClick={() => void of.fetchNextPage()}
    >
      {of.isFetchingNextPage ? "Loading …" : "Load more"}
    </button>
  );
}
