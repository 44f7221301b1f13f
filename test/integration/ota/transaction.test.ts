import { describe, expect, test } from 'vitest'
import type { TransactionRequest } from '../../../src/main/core/ota/transactionTypes.ts'
import { createMemoryFs, type FsCall, type FsFault, type MemoryFs } from '../../../src/main/sim/disk/memoryFs.ts'
import { deviceOf, otaRig, requestOf, sha256Of, type UpdateCase, verdict, versionText } from '../../support/otaRig.ts'

const mixed: UpdateCase = {
  old: { 'app.txt': 'old app', 'lib/b.py': 'old b', 'gone.py': 'to be deleted' },
  next: { 'app.txt': 'new app', 'lib/b.py': 'new b', 'lib/new/added.txt': 'added' },
}

const isRename = (to: string) => ({ name, to: target }: FsCall): boolean => name === 'rename' && target === to
/** From the first call on that is meant, or only that one. */
const faultAt = (fs: MemoryFs, isMeant: (call: FsCall) => boolean, fault: FsFault, always = false): void => {
  let isDone = false
  fs.fault = (call) => { if (isDone && !always || !isMeant(call)) return undefined; isDone = true; return fault }
}

describe('a transaction', () => {
  test('brings the device to the new files and the new version, and leaves nothing of its own', async () => {
    const fs = deviceOf(mixed)
    const rig = otaRig(fs)
    expect(await rig.apply(requestOf(mixed))).toMatchObject({ end: 'new' })
    expect(verdict(fs, mixed)).toBe('new')
    expect([...fs.content().keys()].filter((path) => path.startsWith('.ota'))).toEqual([])
    expect(rig.events.map(({ type }) => type)).toEqual(['planned', 'applied', 'applied', 'applied', 'applied', 'applied', 'proved', 'state-written', 'committed'])
    expect(await rig.recover()).toEqual({ end: 'nothing' })
  })

  test('1.22 the rename of the second staged file fails: the first is old again, nothing was added, the version is the old one', async () => {
    const fs = deviceOf(mixed)
    faultAt(fs, isRename('lib/b.py'), 'no-space')
    await expect(otaRig(fs).apply(requestOf(mixed))).rejects.toMatchObject({ code: 'device/no-space' })
    expect(verdict(fs, mixed)).toBe('old')
  })

  test('1.23 new, replace and delete with a failure at the end: all are undone, the last first', async () => {
    const fs = deviceOf(mixed)
    faultAt(fs, isRename('version.json'), 'no-space')
    const rig = otaRig(fs)
    await expect(rig.apply(requestOf(mixed))).rejects.toMatchObject({ code: 'device/no-space' })
    expect(verdict(fs, mixed)).toBe('old')
    const numbers = (type: string): number[] => rig.events.flatMap((event) => (event.type === type && 'number' in event ? [event.number] : []))
    expect(numbers('applied')).toEqual([0, 1, 2, 3, 4])
    expect(numbers('undone')).toEqual([4, 3, 2, 1, 0])
  })

  test('1.29 every file is durable before the version is written, and the last sync comes after it', async () => {
    const fs = deviceOf(mixed)
    await otaRig(fs).apply(requestOf(mixed))
    const lastOf = (isMeant: (call: FsCall) => boolean): number => fs.calls.findLast(isMeant)!.number
    const version = lastOf(isRename('version.json'))
    const moved = lastOf(({ name, to }) => name === 'rename' && to !== undefined && to in mixed.next)
    const everything = fs.calls.filter(({ name, path }) => name === 'sync' && path === undefined).map(({ number }) => number)
    expect(everything.some((number) => number > moved && number < version)).toBe(true)
    expect(fs.calls.some(({ name, path, number }) => name === 'sync' && path === '' && number > version)).toBe(true)
  })

  test.each(['no-space', 'refused'] as const)('one call after the other fails (%s): the device is old, or it was done', async (fault) => {
    const good = deviceOf(mixed)
    await otaRig(good).apply(requestOf(mixed))
    let undone = 0
    for (let at = 1; at <= good.calls.length; at += 1) {
      const fs = deviceOf(mixed)
      fs.fault = ({ number }) => (number === at ? fault : undefined)
      const rig = otaRig(fs)
      const end = await rig.apply(requestOf(mixed)).then(({ end: how }) => how, () => 'failed')
      fs.fault = undefined
      await rig.recover()
      expect([at, verdict(fs, mixed)]).toEqual([at, end === 'new' ? 'new' : 'old'])
      if (end === 'failed') undone += 1
    }
    expect(undone).toBeGreaterThan(50)
  })

  test('the disk is full from some call on: what was begun is undone all the same', async () => {
    for (let at = 1; at < 60; at += 1) {
      const fs = deviceOf(mixed)
      fs.fault = ({ number, name }) => (number >= at && ['write', 'mkdir'].includes(name) ? 'no-space' : undefined)
      const end = await otaRig(fs).apply(requestOf(mixed)).then(({ end: how }) => how, () => 'failed')
      fs.fault = undefined
      await otaRig(fs).recover()
      expect([at, verdict(fs, mixed)]).toEqual([at, end === 'new' ? 'new' : 'old'])
    }
  })

  test('a cancel in the middle undoes everything before it is told', async () => {
    const fs = deviceOf(mixed)
    const cancel = new AbortController()
    const reason = new Error('closed the window')
    fs.onDone = ({ to }) => { if (to === 'app.txt') cancel.abort(reason) }
    await expect(otaRig(fs).apply(requestOf(mixed), cancel.signal)).rejects.toBe(reason)
    expect(verdict(fs, mixed)).toBe('old')
  })

  test('what reads back wrong is undone', async () => {
    const fs = deviceOf(mixed)
    fs.onDone = (call) => { if (isRename('app.txt')(call) && call.path?.startsWith('.ota_stage') === true) fs.put('app.txt', 'flash worn out') }
    await expect(otaRig(fs).apply(requestOf(mixed))).rejects.toMatchObject({ code: 'device/wrong-content' })
    expect(verdict(fs, mixed)).toBe('old')
  })

  test('a staged file that is not what it should be stops it before anything is touched', async () => {
    const fs = deviceOf(mixed)
    fs.put('.ota_stage/app.txt', 'half')
    await expect(otaRig(fs).apply(requestOf(mixed))).rejects.toMatchObject({ code: 'device/wrong-content', message: expect.stringContaining('.ota_stage/app.txt') as string })
    expect(fs.calls.some(({ name }) => ['rename', 'remove', 'write', 'mkdir'].includes(name))).toBe(false)
  })

  test('the same files and the same version: no byte is written', async () => {
    const fs = deviceOf({ old: mixed.old, next: mixed.old })
    const wishes: TransactionRequest['wishes'] = [{ kind: 'put', target: 'app.txt', staged: '.ota_stage/app.txt', sha256: sha256Of('old app') }, { kind: 'delete', target: 'not/there.py' }]
    fs.put('.ota_stage/app.txt', 'old app')
    expect(await otaRig(fs).apply({ wishes, state: { target: 'version.json', text: versionText('v1') }, from: 'v1', to: 'v1' })).toEqual({ end: 'nothing', changed: 0 })
    expect(fs.calls.some(({ name }) => ['rename', 'remove', 'write', 'mkdir'].includes(name))).toBe(false)
  })

  test('while an earlier one is not recovered, none is begun', async () => {
    const fs = deviceOf(mixed)
    faultAt(fs, isRename('app.txt'), 'cut-after')
    await expect(otaRig(fs).apply(requestOf(mixed))).rejects.toMatchObject({ code: 'link/closed' })
    fs.restart(() => 0.99)
    const before = [...fs.content()]
    await expect(otaRig(fs).apply(requestOf(mixed))).rejects.toMatchObject({ code: 'input/conflict', hint: expect.stringContaining('Recover') as string })
    expect([...fs.content()]).toEqual(before)
  })

  test.each([
    ['../x', 'input/malformed'], ['/x', 'input/malformed'], ['a//b', 'input/malformed'], ['', 'input/malformed'], ['a\\b', 'input/malformed'],
    ['.ota_txn.json', 'input/malformed'], ['.ota_backup/x', 'input/malformed'], ['.ota_stage', 'input/malformed'], ['version.json', 'input/conflict'], ['lib', 'input/conflict'],
  ])('the target %s is refused, and nothing is touched', async (target, code) => {
    const fs = deviceOf(mixed)
    const { wishes, ...rest } = requestOf(mixed)
    await expect(otaRig(fs).apply({ ...rest, wishes: [...wishes, { kind: 'delete', target }] })).rejects.toMatchObject({ code })
    expect(verdict(createCopy(fs), mixed)).toContain('.ota_stage')
  })

  test('2.23 promoting the version that is current changes nothing, and a promotion keeps the one before', async () => {
    const fs = createMemoryFs()
    fs.put('versions/current', '-> v1.2.0')
    fs.put('versions/previous', '-> v1.1.0')
    const promote = async (version: string, previous: string): Promise<unknown> => otaRig(fs, { journal: 'versions/.txn', backup: 'versions/.backup' }).apply({
      wishes: [{ kind: 'link', target: 'versions/previous', to: previous }, { kind: 'link', target: 'versions/current', to: version }], from: null, to: version,
    })
    expect(await promote('v1.2.0', 'v1.1.0')).toEqual({ end: 'nothing', changed: 0 })
    expect(await promote('v1.3.0', 'v1.2.0')).toMatchObject({ end: 'new' })
    expect([...fs.content()]).toEqual([['versions', '/'], ['versions/current', '-> v1.3.0'], ['versions/previous', '-> v1.2.0']])
  })

  test('2.22 the rename of a link switch fails: the link is unchanged, and no half one is left', async () => {
    const fs = createMemoryFs()
    fs.put('versions/current', '-> v1')
    faultAt(fs, isRename('versions/current'), 'refused')
    await expect(otaRig(fs, { journal: 'versions/.txn', backup: 'versions/.backup' }).apply({ wishes: [{ kind: 'link', target: 'versions/current', to: 'v2' }], from: null, to: 'v2' })).rejects.toMatchObject({ code: 'device/refused' })
    expect([...fs.content()]).toEqual([['versions', '/'], ['versions/current', '-> v1']])
  })
})

const createCopy = (fs: MemoryFs): MemoryFs => fs.fork()
