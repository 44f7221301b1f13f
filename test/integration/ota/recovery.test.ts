import { describe, expect, test } from 'vitest'
import { createMemoryFs, type FsCall, type MemoryFs } from '../../../src/main/sim/disk/memoryFs.ts'
import type { RecoveryReport } from '../../../src/shared/ota/transaction.schema.ts'
import { deviceOf, otaRig, requestOf, sha256Of, type UpdateCase, verdict, versionText } from '../../support/otaRig.ts'

const mixed: UpdateCase = {
  old: { 'app.txt': 'old app', 'lib/b.py': 'old b', 'gone.py': 'to be deleted' },
  next: { 'app.txt': 'new app', 'lib/b.py': 'new b', 'added.txt': 'added' },
}
const is = (name: FsCall['name'], where: string) => (call: FsCall): boolean => call.name === name && (call.to ?? call.path) === where
const everything = (call: FsCall): boolean => call.name === 'sync' && call.path === undefined
/** The disk keeps nothing that was not synced; 0.3 keeps everything. */
const forgetsAll = (): number => 0

/** Cuts the power at the nth of such calls. */
async function cutAt(isMeant: (call: FsCall) => boolean, nth = 1, kind: 'cut' | 'cut-after' = 'cut-after'): Promise<MemoryFs> {
  const fs = deviceOf(mixed)
  let seen = 0
  fs.fault = (call) => (isMeant(call) && (seen += 1) === nth ? kind : undefined)
  await otaRig(fs).apply(requestOf(mixed)).catch(() => undefined)
  expect(fs.isOff()).toBe(true)
  fs.restart(forgetsAll)
  return fs
}
const recovered = async (fs: MemoryFs): Promise<RecoveryReport['end']> => (await otaRig(fs).recover()).end

describe('1.25 the power goes, and the device comes back', () => {
  test.each([
    ['P1 while staging', (): MemoryFs => deviceOf(mixed), 'nothing', 'old'],
    ['P2 after the plan, before the first change', async () => cutAt(is('sync', ''), 3), 'old', 'old'],
    ['P3 after a backup was made', async () => cutAt(is('rename', '.ota_backup/app.txt')), 'old', 'old'],
    ['P4 between two changes', async () => cutAt(is('rename', 'lib/b.py')), 'old', 'old'],
    ['P5 after the last change, before the sync', async () => cutAt(everything, 2, 'cut'), 'old', 'old'],
    ['P6 during the sync', async () => cutAt(everything, 2), 'old', 'old'],
    ['P7 before the version is written', async () => cutAt(is('rename', 'version.json'), 1, 'cut'), 'new', 'new'],
    ['P8 after it is written, before the sync', async () => cutAt(is('rename', 'version.json')), 'new', 'new'],
    ['P9 committed, the backups still there (defect A)', async () => cutAt(is('remove', '.ota_backup/app.txt'), 1, 'cut'), 'new', 'new'],
    ['P10 during the clean-up', async () => cutAt(is('remove', '.ota_backup/app.txt')), 'new', 'new'],
  ] as const)('%s', async (_name, make, end, side) => {
    const fs = await make()
    expect(await recovered(fs)).toBe(end)
    expect(verdict(fs, mixed)).toBe(side)
    expect(await recovered(fs)).toBe('nothing')
    expect(verdict(fs, mixed)).toBe(side)
  })

  test('P11 during the recovery itself, at each of its calls', async () => {
    const broken = await cutAt(is('rename', 'lib/b.py'))
    const whole = broken.fork()
    await otaRig(whole).recover()
    for (let at = 1; at <= whole.calls.length; at += 1) {
      const fs = broken.fork()
      fs.fault = ({ number }) => (number === at ? 'cut-after' : undefined)
      await otaRig(fs).recover().catch(() => undefined)
      fs.restart(forgetsAll)
      await otaRig(fs).recover()
      expect([at, verdict(fs, mixed)]).toEqual([at, 'old'])
    }
  })

  test('1.26 after the version was written and before the clean-up: it is still the new one (defect A)', async () => {
    const cut = await cutAt(is('list', '.ota_backup'))
    expect([...cut.content().keys()]).toContain('.ota_backup/app.txt')
    expect(await recovered(cut)).toBe('new')
    expect(verdict(cut, mixed)).toBe('new')
  })

  test('what the update added is taken away again (defect B)', async () => {
    const fs = await cutAt(everything, 2)
    expect(fs.content().has('added.txt')).toBe(true)
    await otaRig(fs).recover()
    expect(fs.content().has('added.txt')).toBe(false)
  })

  test('all files new and the version old: it rolls forward; one of them damaged: it goes back', async () => {
    const fs = await cutAt(is('rename', 'version.json'), 1, 'cut')
    const damaged = fs.fork()
    damaged.put('app.txt', 'a block of the flash is broken')
    expect(await recovered(fs)).toBe('new')
    expect(await recovered(damaged)).toBe('old')
    expect([verdict(fs, mixed), verdict(damaged, mixed)]).toEqual(['new', 'old'])
  })

  test('the link is lost and the device stays on: the next contact decides', async () => {
    const fs = deviceOf(mixed)
    fs.fault = (call) => (is('rename', 'lib/b.py')(call) ? 'cut' : undefined)
    await expect(otaRig(fs).apply(requestOf(mixed))).rejects.toMatchObject({ code: 'link/closed', hint: expect.stringContaining('journal') as string })
    fs.restart(() => 0.3)
    expect(await recovered(fs)).toBe('old')
    expect(verdict(fs, mixed)).toBe('old')
  })
})

describe('an undo that is not complete', () => {
  test('keeps its backups and says which; the others are undone; later it is completed (defect C)', async () => {
    const fs = await cutAt(everything, 2)
    fs.fault = (call) => (is('rename', 'app.txt')(call) ? 'refused' : undefined)
    const rig = otaRig(fs)
    const report = await rig.recover()
    expect(report).toMatchObject({ end: 'incomplete', problems: [{ target: 'app.txt', backup: '.ota_backup/app.txt', why: expect.stringContaining('permission') as string }] })
    expect(new TextDecoder().decode(fs.content().get('.ota_backup/app.txt') as Uint8Array)).toBe('old app')
    expect(new TextDecoder().decode(fs.content().get('lib/b.py') as Uint8Array)).toBe('old b')
    expect(new TextDecoder().decode(fs.content().get('ota_error.json') as Uint8Array)).toContain('.ota_backup/app.txt')
    fs.fault = undefined
    expect(await recovered(fs)).toBe('old')
    await fs.remove('ota_error.json', new AbortController().signal)
    expect(verdict(fs, mixed)).toBe('old')
  })

  test('of an update that fails under the hands: told as such, and the first error is its cause', async () => {
    const fs = deviceOf(mixed)
    fs.fault = (call) => (is('rename', 'lib/b.py')(call) && call.path !== '.ota_backup/lib/b.py' || is('rename', 'app.txt')(call) && call.path === '.ota_backup/app.txt' ? 'refused' : undefined)
    await expect(otaRig(fs).apply(requestOf(mixed))).rejects.toMatchObject({ code: 'device/recovery-incomplete', context: { backup: '.ota_backup/app.txt' }, cause: { code: 'device/refused' } })
    expect(fs.content().has('.ota_txn.json')).toBe(true)
  })

  test('a backup that is missing or is not the old file is told, and what stands there is left alone', async () => {
    const fs = await cutAt(everything, 2)
    fs.put('.ota_backup/app.txt', 'rubbish')
    await fs.remove('.ota_backup/lib/b.py', new AbortController().signal)
    const report = await otaRig(fs).recover()
    expect(report).toMatchObject({ end: 'incomplete', problems: [{ target: 'lib/b.py', why: expect.stringContaining('missing') as string }, { target: 'app.txt', why: expect.stringContaining('not the old') as string }] })
    expect(new TextDecoder().decode(fs.content().get('app.txt') as Uint8Array)).toBe('new app')
    expect(new TextDecoder().decode(fs.content().get('version.json') as Uint8Array)).toBe(versionText('v1'))
  })

  test('an error file that cannot be written changes nothing', async () => {
    const fs = await cutAt(everything, 2)
    fs.fault = (call) => (is('rename', 'app.txt')(call) || call.path?.startsWith('ota_error') === true ? 'refused' : undefined)
    expect(await recovered(fs)).toBe('incomplete')
  })
})

describe('a journal from a hostile or broken device', () => {
  const journalled = async (change: (journal: string) => string): Promise<MemoryFs> => {
    const fs = await cutAt(is('rename', 'lib/b.py'))
    fs.put('.ota_txn.json', change(new TextDecoder().decode(fs.content().get('.ota_txn.json') as Uint8Array)))
    return fs
  }
  test.each([
    ['cut in its middle', (text: string) => text.slice(0, text.length / 2)],
    ['with one letter changed', (text: string) => text.replace(/"begun":\d/, '"begun":1')],
    ['empty', () => ''],
    ['of something else', () => '{"v":1}'],
  ])('%s: nothing is touched, and it is told', async (_name, change) => {
    const fs = await journalled(change)
    const before = [...fs.content()].filter(([path]) => path !== 'ota_error.json')
    const report = await otaRig(fs).recover()
    expect(report).toMatchObject({ end: 'incomplete', problems: [{ target: '.ota_txn.json' }] })
    expect([...fs.content()].filter(([path]) => path !== 'ota_error.json')).toEqual(before)
  })
})

describe('1.35 a device whose last updater left no journal', () => {
  test('its backups are put back, both folders are gone, and the version is not to be trusted', async () => {
    const fs = createMemoryFs()
    for (const [path, text] of [['app.txt', 'new'], ['.ota_backup/app.txt', 'old'], ['.ota_backup/lib/x.py', 'old x'], ['.ota_stage/app.txt', 'new']] as const) fs.put(path, text)
    expect(await otaRig(fs).recover()).toEqual({ end: 'old', isLegacy: true })
    expect([...fs.content()].filter(([, each]) => each !== '/').map(([path, each]) => [path, sha256Of(each)])).toEqual([['app.txt', sha256Of('old')], ['lib/x.py', sha256Of('old x')]])
    expect(await otaRig(fs).recover()).toEqual({ end: 'nothing' })
  })

  test('with the power cut at each call of it', async () => {
    const start = createMemoryFs()
    for (const [path, text] of [['app.txt', 'new'], ['.ota_backup/app.txt', 'old'], ['.ota_backup/lib/x.py', 'old x'], ['.ota_stage/app.txt', 'new']] as const) start.put(path, text)
    const whole = start.fork()
    await otaRig(whole).recover()
    for (let at = 1; at <= whole.calls.length; at += 1) {
      const fs = start.fork()
      fs.fault = ({ number }) => (number === at ? 'cut-after' : undefined)
      await otaRig(fs).recover().catch(() => undefined)
      fs.restart(forgetsAll)
      await otaRig(fs).recover()
      expect([at, ...[...fs.content()].filter(([, each]) => each !== '/').map(([path]) => path)]).toEqual([at, 'app.txt', 'lib/x.py'])
    }
  })
})

test('a version whose name is in no Latin letters is stored, and is read back as it was after a cut before it was written', async () => {
  const name = 'v2-pr\u00fcfung-\u65e5\u672c-\ud83d\ude00'
  const text = JSON.stringify({ ref: name, commit: 'ab' })
  for (const isCut of [false, true]) {
    const fs = deviceOf(mixed)
    fs.fault = (call) => (isCut && is('rename', 'version.json')(call) ? 'cut' : undefined)
    await otaRig(fs).apply({ ...requestOf(mixed), state: { target: 'version.json', text }, to: name }).catch(() => undefined)
    if (isCut) fs.restart(forgetsAll)
    expect(await otaRig(fs).recover()).toMatchObject(isCut ? { end: 'new', to: name } : { end: 'nothing' })
    expect(sha256Of(fs.content().get('version.json') ?? '')).toBe(sha256Of(text))
  }
})
