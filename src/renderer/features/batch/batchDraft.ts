import { type BatchPlan, batchPlanSchema } from '../../../shared/batch/batchPlan.schema.ts'
import type { CameraView } from '../../../shared/rack/rackView.schema.ts'

/** What the form holds; a field of a number is text or nothing while somebody types. */
export interface BatchDraft {
  name: string
  workflow: BatchPlan['workflow']
  labels: string[]
  ids: string
  images: { name: string; path: string }[]
  cycles: number | string
  priority: number | string
  canary: number | string
  thenPause: boolean
  failedPercent: number | string
  afterEnded: number | string
  failuresPerCamera: number | string
  sequential: boolean
  total: number | string
  perPod: number | string
  staggerMs: number | string
  expect: string
  refuse: string
  snapshot: boolean
  ping: boolean
  /** The words before the number; without them nothing is measured. */
  temperature: string
  maxC: number | string
}

const linesOf = (text: string): string[] => text.split('\n').map((line) => line.trim()).filter(Boolean)
export const idsOf = (text: string): string[] => [...new Set(text.split(/[\s,]+/).filter(Boolean))]

/** An empty form has the figures that a plan without them has. */
export function draftOf(plan?: BatchPlan): BatchDraft {
  const { name, workflow, cameras, images, cycles, priority, canary, stop, concurrency, checks } = plan ?? batchPlanSchema.parse({ name: 'Batch', workflow: 'soak', cameras: { ids: ['any'] } })
  return {
    name: plan ? name : '', workflow: plan ? workflow : 'restore', labels: plan ? [...cameras.labels] : [], ids: plan ? cameras.ids.join(', ') : '',
    images: plan && images.length > 0 ? images.map((image) => ({ name: image.name, path: image.path })) : [{ name: '', path: '' }],
    cycles, priority, canary: plan ? canary?.cameras ?? 0 : 2, thenPause: canary?.thenPause === true, failedPercent: stop.failedPercent, afterEnded: stop.afterEnded, failuresPerCamera: stop.failuresPerCamera, sequential: stop.sequential !== undefined,
    total: concurrency.total, perPod: concurrency.perPod, staggerMs: concurrency.staggerMs, expect: checks.expect.join('\n'), refuse: checks.refuse.join('\n'), snapshot: checks.snapshot, ping: checks.ping, temperature: checks.temperature?.after ?? '', maxC: checks.temperature?.maxC ?? 85,
  }
}

/** A field that is empty is no zero. */
const figure = (value: number | string): number => (typeof value === 'string' && value.trim() === '' ? Number.NaN : Number(value))

/** What of a file's plan the form does not show stays as it is in the file. */
export function planOf(draft: BatchDraft, base?: BatchPlan): { readonly plan: BatchPlan } | { readonly problem: string } {
  const writes = draft.workflow !== 'soak'
  const images = draft.images.filter(({ name, path }) => name.trim() !== '' || path.trim() !== '').map(({ name, path }) => ({ ...base?.images.find((each) => each.name === name), name: name.trim(), path: path.trim() }))
  const { canary: _canary, stop: baseStop, ...rest } = base ?? {}
  const { sequential, ...stop } = baseStop ?? {}
  const { temperature: _temperature, ...checks } = base?.checks ?? {}
  const parsed = batchPlanSchema.safeParse({
    ...rest, name: draft.name, workflow: draft.workflow, cameras: { labels: draft.labels, ids: idsOf(draft.ids) }, images: writes ? images : [], cycles: figure(draft.cycles), priority: figure(draft.priority),
    ...(figure(draft.canary) === 0 ? {} : { canary: { cameras: figure(draft.canary), ...(draft.thenPause ? { thenPause: true } : {}) } }),
    stop: { ...stop, failedPercent: figure(draft.failedPercent), afterEnded: figure(draft.afterEnded), failuresPerCamera: figure(draft.failuresPerCamera), ...(draft.sequential ? { sequential: sequential ?? {} } : {}) },
    concurrency: { total: figure(draft.total), perPod: figure(draft.perPod), staggerMs: figure(draft.staggerMs) },
    checks: { ...checks, expect: linesOf(draft.expect), refuse: linesOf(draft.refuse), snapshot: draft.snapshot, ping: draft.ping, ...(draft.temperature.trim() === '' ? {} : { temperature: { after: draft.temperature, maxC: figure(draft.maxC) } }) },
  })
  if (parsed.success) return { plan: parsed.data }
  return { problem: problemOf(parsed.error.issues[0]) }
}

const fields: Readonly<Record<string, string>> = {
  'name': 'Give it a name', 'cameras': 'Choose cameras, by label or by hand', 'cycles': 'The number of cycles is 1 to 100 000', 'priority': 'The priority is 0 to 9, and 9 is first', 'canary.cameras': 'The canary is 1 to 100 cameras, or 0 for none', 'stop.failedPercent': 'The share that stops it is 0 to 100 percent',
  'stop.afterEnded': 'The number of items before the percentage counts is 1 to 10 000', 'stop.failuresPerCamera': 'The failures of one camera are 1 to 1000',
  'concurrency.total': 'At once are 1 to 256', 'concurrency.perPod': 'On one pod are 1 to 64', 'checks.temperature.maxC': 'The highest temperature is -60 to 200 °C', 'concurrency.staggerMs': 'The time between two that begin is 0 to 600 000 ms',
}
function problemOf(issue: { readonly path: readonly PropertyKey[]; readonly message: string } | undefined): string {
  const path = (issue?.path ?? []).map(String)
  const words = fields[path.join('.')]
  if (words !== undefined) return words
  if (path[0] === 'images') return path.length > 1 ? `Image ${String(Number(path[1]) + 1)} needs a name and a path` : issue?.message === 'two images have one name' ? 'Two images have one name' : 'Name at least one image'
  return `${path.join('.')}: ${issue?.message ?? 'this is no plan'}`
}

/** The cameras that it would take, as the workbench chooses them: those set aside are left out. `missing`: named by hand and not there. */
export function chosenOf({ labels, ids }: Pick<BatchDraft, 'labels' | 'ids'>, cameras: readonly CameraView[]): { readonly taken: readonly CameraView[]; readonly aside: readonly CameraView[]; readonly missing: readonly string[] } {
  const wanted = idsOf(ids)
  const chosen = cameras.filter(({ id, name, inventory }) => wanted.some((each) => each === id || each === name) || labels.some((label) => inventory?.labels.includes(label) === true))
  return {
    taken: chosen.filter(({ inventory }) => !inventory?.maintenance), aside: chosen.filter(({ inventory }) => inventory?.maintenance),
    missing: wanted.filter((each) => !cameras.some(({ id, name }) => each === id || each === name)),
  }
}

export const labelsOf = (cameras: readonly CameraView[]): readonly string[] => [...new Set(cameras.flatMap(({ inventory }) => inventory?.labels ?? []))].sort((a, b) => a.localeCompare(b))
