import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createConsoleSettingsFile } from '../../../src/main/drivers/storage/consoleSettingsFile.ts'
import type { CameraId } from '../../../src/shared/devices/ids.ts'

async function place(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-consoles-'))
  onTestFinished(async () => rm(folder, { recursive: true, force: true }))
  return join(folder, 'data', 'consoles.json')
}

test('settings are there for the next workbench, and changes at once lose nothing', async () => {
  const path = await place()
  const file = createConsoleSettingsFile(path)
  expect(await file.read()).toEqual({ version: 1, typing: {} })
  const ids = Array.from({ length: 20 }, (_, index) => `cam-${String(index)}` as CameraId)
  await Promise.all(ids.map(async (id) => file.change((settings) => ({ ...settings, typing: { ...settings.typing, [id]: { lineEnd: 'CRLF', encoding: 'latin-1' } } }))))
  expect(Object.keys((await createConsoleSettingsFile(path).read()).typing)).toHaveLength(20)
})
test('a damaged file is refused and left as it is', async () => {
  const path = await place()
  const file = createConsoleSettingsFile(path)
  await file.change((settings) => settings)
  for (const text of ['{"version":1,"typing":{"cam-1":{"lineEnd":"BEL","encoding":"utf-8"}}}', '{', '[]']) {
    await writeFile(path, text)
    await expect(file.read()).rejects.toMatchObject({ code: 'input/malformed' })
    await expect(file.change((settings) => settings)).rejects.toMatchObject({ code: 'input/malformed' })
    expect(await readFile(path, 'utf8')).toBe(text)
  }
})
