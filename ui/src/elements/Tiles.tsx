/** A name, its value, and a remark beneath where there is one. */
export type Figure = readonly [name: string, value: string, remark?: string | undefined];

/** The few figures at the head of a page. */
export function Tiles({ figures }: { figures: readonly Figure[] }) {
  return (
    <dl className="tiles panel">
      {figures.map(([name, value, remark]) => (
        <div className="tile" key={name}>
          <dt>{name}</dt>
          <dd>
            {value}
            {remark && <small>{remark}</small>}
          </dd>
        </div>
      ))}
    </dl>
  );
}
