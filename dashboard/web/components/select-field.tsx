import type { ComponentChildren } from 'preact';

interface SelectFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly children: ComponentChildren;
}

/** A choice with its name above it. */
export function SelectField({ label, value, onChange, children }: SelectFieldProps) {
  return (
    <label class="field">
      <span class="label" aria-hidden="true">
        {label}
      </span>
      {/* Named by itself: the label around it would count its options to the name. */}
      <select aria-label={label} value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        {children}
      </select>
    </label>
  );
}
