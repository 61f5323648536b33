/** The few figures at the head of a page. */
export function Tiles({ figures }: { figures: readonly (readonly [string, string])[] }) {
  return (
    <dl className="tiles panel">
      {figures.map(([name, value]) => (
        <div className="tile" key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
