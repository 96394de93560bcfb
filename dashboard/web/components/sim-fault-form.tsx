/** A new fault: what, where, how large, how long. */
import { type Signal, useSignal } from '@preact/signals';
import type { FaultKind, FaultSize } from '../../../model/sim-fault-catalogue.ts';
import type { SimDetailWire } from '../../wire.ts';
import { metricName, unitName } from '../i18n/language.ts';
import { domainName, kindName, simText, simUnit, sizeName } from '../i18n/sim-words.ts';
import { liveOf } from '../live/feed.ts';
import { deviceOf, isYesNo } from '../live/plant-store.ts';
import { startFault } from '../live/sim-calls.ts';
import {
  askedSizes,
  type FaultDraft,
  newDraft,
  offeredKinds,
  requestOf,
  sizeText,
  targetsOf,
} from '../view/sim-form.ts';
import { SelectField } from './select-field.tsx';
import { targetName, unitWord } from './sim-fault-words.ts';
import type { SimPartProps } from './sim-part.ts';

const SPANS_S = [1800, 7200, 21_600, 86_400] as const;
/** A lesson's length: nobody need remember to end it. */
const USUAL_SPAN_S = '7200';

interface FaultFormProps {
  readonly detail: SimDetailWire;
  readonly run: SimPartProps['run'];
}

export function FaultForm({ detail, run }: FaultFormProps) {
  const kinds = offeredKinds(detail);
  const first = kinds[0];
  const draft = useSignal<FaultDraft | null>(first ? begin(detail, first, USUAL_SPAN_S) : null);
  const kind = kinds.find((each) => each.kind === draft.value?.kind);
  if (!draft.value || !kind) return null;
  const { target, metric } = draft.value;
  const valueNow = metric === '' ? null : numberOf(liveOf({ device: target, metric }).value?.value);
  const change = (part: Partial<FaultDraft>): void => {
    if (draft.value) draft.value = { ...draft.value, ...part };
  };
  const submit = (event: Event): void => {
    event.preventDefault();
    if (draft.value) run(startFault(requestOf(kind, draft.value, valueNow)));
  };
  return (
    <form class="sim-form" onSubmit={submit}>
      <h3>{simText('newFault')}</h3>
      <KindField kinds={kinds} value={kind.kind} onChange={(next) => replace(draft, detail, next)} />
      <TargetField detail={detail} kind={kind} draft={draft.value} change={change} />
      {kind.metric !== undefined && <MetricField kind={kind} draft={draft.value} change={change} />}
      <ChoiceField kind={kind} draft={draft.value} change={change} />
      {askedSizes(kind, draft.value.chosen).map((size) => (
        <SizeField key={size.name} size={size} draft={draft.value as FaultDraft} valueNow={valueNow} change={change} />
      ))}
      <SpanField value={draft.value.forS} onChange={(forS) => change({ forS })} />
      <button type="submit" class="button">
        {simText('start')}
      </button>
    </form>
  );
}

function begin(detail: SimDetailWire, kind: FaultKind, forS: string): FaultDraft {
  const target = targetsOf(detail, kind)[0]?.id ?? '';
  return { ...newDraft(kind, target, forS), metric: firstMetric(kind, target) };
}

/** Another kind may befall other things, and has sizes of its own. */
function replace(draft: Signal<FaultDraft | null>, detail: SimDetailWire, kindId: string): void {
  const kind = detail.kinds.find((each) => each.kind === kindId);
  if (kind) draft.value = begin(detail, kind, draft.peek()?.forS ?? USUAL_SPAN_S);
}

function metricsOf(kind: FaultKind, device: string): readonly string[] {
  const metrics = deviceOf(device)?.metrics ?? [];
  // Half a yes cannot be measured.
  return kind.metric === 'required' ? metrics.filter((metric) => !isYesNo(metric)) : metrics;
}

function firstMetric(kind: FaultKind, device: string): string {
  return kind.metric === 'required' ? (metricsOf(kind, device)[0] ?? '') : '';
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}

interface FieldProps {
  readonly kind: FaultKind;
  readonly draft: FaultDraft;
  readonly change: (part: Partial<FaultDraft>) => void;
}

function KindField(props: { kinds: readonly FaultKind[]; value: string; onChange: (kind: string) => void }) {
  const domains = [...new Set(props.kinds.map(({ domain }) => domain))];
  return (
    <SelectField label={simText('fault')} value={props.value} onChange={props.onChange}>
      {domains.map((domain) => (
        <optgroup key={domain} label={domainName(domain)}>
          {props.kinds
            .filter((kind) => kind.domain === domain)
            .map(({ kind }) => (
              <option key={kind} value={kind}>
                {kindName(kind)}
              </option>
            ))}
        </optgroup>
      ))}
    </SelectField>
  );
}

function TargetField({ detail, kind, draft, change }: FieldProps & { detail: SimDetailWire }) {
  const choose = (target: string): void => change({ target, metric: firstMetric(kind, target), sizes: {} });
  return (
    <SelectField label={simText('place')} value={draft.target} onChange={choose}>
      {targetsOf(detail, kind).map((target) => (
        <option key={`${target.as} ${target.id}`} value={target.id}>
          {targetName(target)}
        </option>
      ))}
    </SelectField>
  );
}

function MetricField({ kind, draft, change }: FieldProps) {
  return (
    <SelectField label={simText('value')} value={draft.metric} onChange={(metric) => change({ metric, sizes: {} })}>
      {kind.metric === 'optional' && <option value="">{simText('allValues')}</option>}
      {metricsOf(kind, draft.target).map((metric) => (
        <option key={metric} value={metric}>
          {metricName(metric)}
        </option>
      ))}
    </SelectField>
  );
}

/** Of sizes that exclude each other, which one. */
function ChoiceField({ kind, draft, change }: FieldProps) {
  const choices = kind.sizes.filter(({ oneOf }) => oneOf !== undefined);
  if (choices.length === 0) return null;
  return (
    <SelectField label={simText('sizeBy')} value={draft.chosen} onChange={(chosen) => change({ chosen })}>
      {choices.map(({ name }) => (
        <option key={name} value={name}>
          {sizeName(name)}
        </option>
      ))}
    </SelectField>
  );
}

interface SizeFieldProps extends Omit<FieldProps, 'kind'> {
  readonly size: FaultSize;
  readonly valueNow: number | null;
}

function SizeField({ size, draft, valueNow, change }: SizeFieldProps) {
  const { name, min, max, isWhole } = size;
  const unit = unitWord(size, draft.metric);
  return (
    <label class="field sim-size">
      <span class="label">
        {sizeName(name)}
        {unit && `, ${unit}`}
      </span>
      <input
        type="number"
        inputMode="decimal"
        required
        min={min}
        max={max}
        step={isWhole ? 1 : 'any'}
        value={sizeText(size, draft, valueNow)}
        onInput={(event) => change({ sizes: { ...draft.sizes, [name]: event.currentTarget.value } })}
      />
    </label>
  );
}

function SpanField({ value, onChange }: { value: string; onChange: (forS: string) => void }) {
  return (
    <SelectField label={simText('howLong')} value={value} onChange={onChange}>
      {SPANS_S.map((seconds) => (
        <option key={seconds} value={String(seconds)}>
          {seconds < 3600 ? `${seconds / 60} ${simUnit('min')}` : `${seconds / 3600} ${unitName('h')}`}
        </option>
      ))}
      <option value="">{simText('untilEnded')}</option>
    </SelectField>
  );
}
