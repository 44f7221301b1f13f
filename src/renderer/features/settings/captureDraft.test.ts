import { expect, test } from 'vitest'
import { captureSettingsSchema } from '../../../shared/captures/captures.schema.ts'
import { changeOf, draftOf } from './captureDraft.ts'

const settings = captureSettingsSchema.parse({ quotaBytes: 20 * 2 ** 30 + 1 })

test('only what was changed is sent; a value that the field rounds stays as it is', () => {
  const draft = draftOf(settings)
  expect(draft).toEqual({ quotaGib: 20, partMib: 64, partHours: 24, nameTemplate: '{camera}-{session}-{part}' })
  expect(changeOf(draft, settings)).toEqual({ change: {} })
  expect(changeOf({ ...draft, partHours: 1.5, quotaGib: 0.5 }, settings)).toEqual({ change: { partMs: 5_400_000, quotaBytes: 2 ** 29 } })
})

test('what cannot be kept is said in words', () => {
  const draft = draftOf(settings)
  for (const [wrong, words] of [[{ quotaGib: 0 }, 'quota'], [{ quotaGib: Number.NaN }, 'quota'], [{ partMib: 3_000 }, '2 GiB'], [{ partHours: 0.001 }, 'a minute'], [{ nameTemplate: '../{session}{part}' }, 'no folders'], [{ nameTemplate: '{camera}' }, '{session} and {part}']] as const) {
    expect(changeOf({ ...draft, ...wrong }, settings)).toEqual({ wrong: expect.stringContaining(words) as string })
  }
})
