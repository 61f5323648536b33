/** The sign of the product: two voices that take turns. */
export function Mark({ size = 26 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" fill="var(--accent-fill)" />
      <path
        d="M6 12h3M12 8v8M16 10v4M20 7v10M23 12h3"
        stroke="#fff"
        strokeWidth="2.4"
        strokeLinecap="round"
        fill="none"
      />
      <path d="M6 23h7M18 23h8" stroke="#a9bbff" strokeWidth="2.8" strokeLinecap="round" />
    </svg>
  );
}
