import { type CaptureSettings, type CaptureSettingsChange, captureSettingsSchema } from '../../shared/captures/captures.schema.ts'
import { WorkbenchError } from '../../shared/errors/workbenchError.ts'
import type { AuditLog } from '../core/audit/auditLog.ts'
import type { CaptureStore } from '../drivers/storage/captures/captureStore.ts'
import type { WholeFile } from '../drivers/storage/wholeFile.ts'

export interface CaptureSettingsDeps {
  readonly file: WholeFile<CaptureSettings>
  readonly store: Pick<CaptureStore, 'use' | 'cutOf'>
  readonly audit: Pick<AuditLog, 'around'>
}

/** Kept, read back and in use. A smaller quota that takes captures away is agreed to and written down first. */
export async function changeCaptureSettings({ file, store, audit }: CaptureSettingsDeps, change: CaptureSettingsChange, agreedToDelete: boolean): Promise<CaptureSettings> {
  // An absent value would be taken for the default.
  const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined))
  const before = await file.read()
  const { quotaBytes } = captureSettingsSchema.parse({ ...before, ...given })
  const cut = quotaBytes < before.quotaBytes ? await store.cutOf(quotaBytes) : { files: 0, bytes: 0 }
  const keep = async (): Promise<CaptureSettings> => {
    await file.change((settings) => captureSettingsSchema.parse({ ...settings, ...given }))
    const kept = await file.read()
    store.use(kept)
    return kept
  }
  if (cut.files === 0) return keep()
  if (!agreedToDelete) {
    throw new WorkbenchError('input/conflict', `A quota of ${megabytes(quotaBytes)} would delete ${cut.files} of the oldest capture files, ${megabytes(cut.bytes)}`, {
      context: { ...cut, quotaBytes }, hint: 'Export what is to stay, or agree to it: in Settings, or with --agree-delete',
    })
  }
  return audit.around({ what: 'change capture settings', subject: 'the quota of captures', details: { ...cut, quotaBytes, quotaBytesBefore: before.quotaBytes } }, keep)
}

const megabytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`
