import { type CaptureSettings, type CaptureSettingsChange, captureSettingsChangeSchema } from '../../../shared/captures/captures.schema.ts'

/** What stands in the fields: whole units that people say. */
export interface CaptureDraft { readonly quotaGib: number; readonly partMib: number; readonly partHours: number; readonly nameTemplate: string }

const gib = 2 ** 30
const mib = 2 ** 20
const hourMs = 3_600_000
const rounded = (value: number): number => Math.round(value * 1000) / 1000

export const draftOf = ({ quotaBytes, partBytes, partMs, nameTemplate }: CaptureSettings): CaptureDraft =>
  ({ quotaGib: rounded(quotaBytes / gib), partMib: rounded(partBytes / mib), partHours: rounded(partMs / hourMs), nameTemplate })

/** Only what was changed, so that a value which the fields round stays what it is; or what is wrong, in words. */
export function changeOf(draft: CaptureDraft, settings: CaptureSettings): { readonly change: CaptureSettingsChange } | { readonly wrong: string } {
  const was = draftOf(settings)
  const parsed = captureSettingsChangeSchema.safeParse({
    ...(draft.quotaGib === was.quotaGib ? {} : { quotaBytes: Math.round(draft.quotaGib * gib) }),
    ...(draft.partMib === was.partMib ? {} : { partBytes: Math.round(draft.partMib * mib) }),
    ...(draft.partHours === was.partHours ? {} : { partMs: Math.round(draft.partHours * hourMs) }),
    ...(draft.nameTemplate === was.nameTemplate ? {} : { nameTemplate: draft.nameTemplate }),
  })
  if (parsed.success) return { change: parsed.data }
  const [issue] = parsed.error.issues
  return { wrong: wrongWords[String(issue?.path[0])] ?? issue?.message ?? 'This cannot be kept' }
}

const wrongWords: Readonly<Record<string, string>> = {
  quotaBytes: 'The quota is a number of GiB, and not less than 64 KiB',
  partBytes: 'A file has 4 KiB to 2 GiB',
  partMs: 'A file is closed after a minute at the earliest, and after 31 days at the latest',
}
