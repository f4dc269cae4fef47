/** One of a few, by buttons beside one another. */
export interface TabsProps<Value extends string> {
  /** What is chosen, for those who do not see it. */
  readonly label: string;
  readonly value: Value;
  readonly tabs: readonly (readonly [value: Value, label: string])[];
  readonly onChange: (value: Value) => void;
}

export function Tabs<Value extends string>({ label, value, tabs, onChange }: TabsProps<Value>) {
  return (
    <fieldset class="tabs" aria-label={label}>
      {tabs.map(([one, text]) => (
        <button key={one} type="button" class="tab" aria-pressed={one === value} onClick={() => onChange(one)}>
          {text}
        </button>
      ))}
    </fieldset>
  );
}
