import { existsSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { type CaptureIndex, openCaptureIndex } from '../../../src/main/drivers/storage/captureIndex/captureIndex.ts'
import type { LineQuery } from '../../../src/main/drivers/storage/captureIndex/searchLines.ts'
import type { CaptureStore } from '../../../src/main/drivers/storage/captures/captureStore.ts'
import { bytes, captureBench, type CaptureBench, gate, never, piecesOf, text } from '../../support/captureBench.ts'
import { createRealClock } from '../../support/realClock.ts'

const query = (more: Partial<LineQuery>): LineQuery => ({ ignoreCase: false, cameras: [], limit: 50, limitMs: 2_000, ...more })
const yard = { ...gate, id: 'cam-2' as typeof gate.id, name: 'Yard' }

function indexOf(bench: CaptureBench, store: CaptureStore): { readonly index: CaptureIndex; readonly file: string; readonly told: string[]; again(): CaptureIndex } {
  const file = join(bench.folder, 'index.sqlite')
  const told: string[] = []
  const open = (): CaptureIndex => {
    const index = openCaptureIndex({ file, parts: async () => store.parts(), clock: createRealClock(), tell: (message) => { told.push(message) } })
    onTestFinished(async () => index.close())
    return index
  }
  return { index: open(), file, told, again: open }
}
const wordsFound = async (index: CaptureIndex, more: Partial<LineQuery>): Promise<string[]> => (await index.search(query(more), never)).lines.map(({ line }) => line)

test('words and patterns find lines of all cameras, newest first, with their place and time', async () => {
  const bench = captureBench()
  const store = bench.open()
  const [one, two] = [store.open(gate), store.open(yard)]
  one.received(bytes('\u001b[1mU-Boot 2016.11\u001b[0m\r\n[    1.250000] eth0: link up\r\n'))
  await bench.clock.advance(1_000)
  two.received(bytes('[    9.000000] eth1: li'))
  two.sent(bytes('x'))
  two.received(bytes('nk up\nkernel panic: no init\n'))
  await store.flush()
  const { index, told } = indexOf(bench, store)
  await index.caughtUp(never)
  expect(await wordsFound(index, { words: 'LINK up' })).toEqual(['[    9.000000] eth1: link up', '[    1.250000] eth0: link up'])
  expect(await wordsFound(index, { words: 'panic init' })).toEqual(['kernel panic: no init'])
  expect(await wordsFound(index, { words: 'panic nothing' })).toEqual([])
  expect(await wordsFound(index, { words: '"; DROP TABLE lines --' })).toEqual([])
  expect(await wordsFound(index, { pattern: 'eth\\d: link (up|down)$' })).toHaveLength(2)
  expect(await wordsFound(index, { pattern: 'ETH1', ignoreCase: true })).toHaveLength(1)
  expect(await wordsFound(index, { pattern: '^\\[ +\\d' })).toHaveLength(2)
  expect(await wordsFound(index, { words: 'link', cameras: ['cam-1'] })).toEqual(['[    1.250000] eth0: link up'])
  expect(await wordsFound(index, { pattern: 'link', cameras: ['cam-2'] })).toEqual(['[    9.000000] eth1: link up'])
  expect(await wordsFound(index, { words: 'link', cameras: ['cam-3'] })).toEqual([])
  const { lines: [found] } = await index.search(query({ words: 'link', cameras: ['cam-1'] }), never)
  const [piece] = await piecesOf(store, (await store.sessions()).find(({ camera }) => camera === 'cam-1')?.session, { offset: found?.offset ?? 0 })
  expect(text(piece?.bytes ?? bytes(''))).toBe('[    1.250000] eth0: link up\r\n')
  expect(found?.atMs).toBe(piece?.atMs)
  expect(await wordsFound(index, { words: 'link', sinceMs: (found?.atMs ?? 0) + 1 })).toEqual(['[    9.000000] eth1: link up'])
  expect(await wordsFound(index, { pattern: 'link', untilMs: (found?.atMs ?? 0) + 1 })).toEqual(['[    1.250000] eth0: link up'])
  expect(told).toEqual(['The search index of captures was not there and is made again from the captures in the background; until then older lines are not found'])
  await one.close()
  await two.close()
})

test('a page goes on where the one before ended, without a line twice or left out', async () => {
  const bench = captureBench()
  const store = bench.open()
  const tap = store.open(gate)
  for (let number = 0; number < 100; number += 1) tap.received(bytes(`tick number ${number}\n`))
  await store.flush()
  const { index } = indexOf(bench, store)
  await index.caughtUp(never)
  for (const by of [{ words: 'tick' }, { pattern: 'number \\d+' }]) {
    const seen: string[] = []
    let before: number | undefined
    for (let page = 0; page < 20; page += 1) {
      const { lines, next } = await index.search(query({ ...by, limit: 7, before }), never)
      seen.push(...lines.map(({ line }) => line))
      before = next
      if (next === undefined) break
    }
    expect(seen).toEqual(Array.from({ length: 100 }, (_, number) => `tick number ${99 - number}`))
  }
  await tap.close()
})

test('a line that is still coming is found as far as it has come, and once when it is whole', async () => {
  const bench = captureBench()
  const store = bench.open()
  const tap = store.open(gate)
  const { index } = indexOf(bench, store)
  tap.received(bytes('first half '))
  await store.flush()
  await index.caughtUp(never)
  expect(await wordsFound(index, { words: 'half' })).toEqual(['first half'])
  tap.received(bytes('second half\nopen end'))
  await store.flush()
  await index.caughtUp(never)
  expect(await wordsFound(index, { words: 'half' })).toEqual(['first half second half'])
  await tap.close()
  await index.caughtUp(never)
  expect(await wordsFound(index, { words: 'open' })).toEqual(['open end'])
})

test('what was said since the index was read on is found all the same, by words and by pattern, in its order', async () => {
  const bench = captureBench()
  const store = bench.open()
  const [one, two] = [store.open(gate), store.open(yard)]
  one.received(bytes('needle old\n'))
  await store.flush()
  const { index } = indexOf(bench, store)
  await index.caughtUp(never)
  // Behind the last round, and long before the next: nobody waits for it.
  await bench.clock.advance(1_000)
  one.received(bytes('needle \u001b[31mnew\u001b[0m\nneed'))
  await bench.clock.advance(1_000)
  two.received(bytes('Needle-two\nother line\n'))
  one.received(bytes('le open'))
  await store.flush()
  const all = ['Needle-two', 'needle open', 'needle new', 'needle old']
  expect((await wordsFound(index, { words: 'needle' })).toSorted()).toEqual([...all].toSorted())
  expect((await wordsFound(index, { pattern: '^needle', ignoreCase: true })).at(-1)).toBe('needle old')
  expect(await wordsFound(index, { pattern: 'needle (new|old)$' })).toEqual(['needle new', 'needle old'])
  expect(await wordsFound(index, { words: 'needle', cameras: ['cam-2'] })).toEqual(['Needle-two'])
  expect(await wordsFound(index, { words: 'needle', limit: 1 })).toHaveLength(1)
  const { lines: [found] } = await index.search(query({ words: 'needle new' }), never)
  const [piece] = await piecesOf(store, (await store.sessions()).find(({ camera }) => camera === 'cam-1')?.session, { offset: found?.offset ?? 0 })
  expect(text(piece?.bytes ?? bytes(''))).toBe('needle \u001b[31mnew\u001b[0m\nneed')
  expect(await wordsFound(index, { words: 'needle', untilMs: (found?.atMs ?? 0) })).toEqual(['needle old'])
  // Read into the index, each is there once.
  await index.caughtUp(never)
  expect((await wordsFound(index, { words: 'needle' })).toSorted()).toEqual([...all].toSorted())
  await one.close()
  await two.close()
})

test('more new lines than a page holds come page by page, none twice and none left out', async () => {
  const bench = captureBench()
  const store = bench.open()
  const tap = store.open(gate)
  const { index } = indexOf(bench, store)
  await index.caughtUp(never)
  tap.received(bytes(Array.from({ length: 50 }, (_, number) => `tick number ${String(number)}\n`).join('')))
  await store.flush()
  const seen: string[] = []
  for (let before: number | undefined, page = 0; page < 20; page += 1) {
    const { lines, next } = await index.search(query({ words: 'tick', limit: 7, before }), never)
    seen.push(...lines.map(({ line }) => line))
    before = next
    if (next === undefined) break
  }
  expect(seen).toEqual(Array.from({ length: 50 }, (_, number) => `tick number ${String(49 - number)}`))
  await tap.close()
})

test('a hostile pattern is ended with its thread, and the next search works', async () => {
  const bench = captureBench()
  const store = bench.open()
  const tap = store.open(gate)
  tap.received(bytes(`${'a'.repeat(64)}!\nother line\n`))
  await store.flush()
  const { index } = indexOf(bench, store)
  await index.caughtUp(never)
  await expect(index.search(query({ pattern: '^(a+)+$', limitMs: 300 }), never)).rejects.toMatchObject({ code: 'input/too-large' })
  // The same among lines that nobody has indexed.
  tap.received(bytes(`${'b'.repeat(64)}!\n`))
  await store.flush()
  await expect(index.search(query({ pattern: '^(b+)+$', limitMs: 300 }), never)).rejects.toMatchObject({ code: 'input/too-large' })
  expect(await wordsFound(index, { pattern: 'other' })).toEqual(['other line'])
  await expect(index.search(query({ pattern: '(' }), never)).rejects.toMatchObject({ code: 'input/malformed' })
  await tap.close()
})

const damages: readonly (readonly [string, (file: string) => void, string])[] = [
  ['missing', (file) => { for (const end of ['', '-wal', '-shm']) rmSync(`${file}${end}`, { force: true }) }, 'was not there'],
  ['no database', (file) => { for (const end of ['-wal', '-shm']) rmSync(`${file}${end}`, { force: true }); writeFileSync(file, 'x'.repeat(10_000)) }, 'was damaged'],
  ['cut short', (file) => { for (const end of ['-wal', '-shm']) rmSync(`${file}${end}`, { force: true }); truncateSync(file, 8_192) }, 'was damaged'],
]
test.each(damages)('an index that is %s is made again, and says so', async (_, damage, words) => {
  const bench = captureBench()
  const store = bench.open()
  const tap = store.open(gate)
  tap.received(bytes('needle in here\n'))
  await tap.close()
  const { index, file, told, again } = indexOf(bench, store)
  await index.caughtUp(never)
  await index.close()
  expect(existsSync(file)).toBe(true)
  damage(file)
  told.length = 0
  const next = again()
  await next.caughtUp(never)
  expect(told.join()).toContain(words)
  expect(await wordsFound(next, { words: 'needle' })).toEqual(['needle in here'])
})

test('captures that began after the program had no index that could be missing', async () => {
  const bench = captureBench()
  const store = bench.open()
  const one = store.open(gate)
  one.received(bytes('needle\n'))
  await store.flush()
  const told: string[] = []
  const index = openCaptureIndex({ file: join(bench.folder, 'index.sqlite'), parts: async () => store.parts(), startedAtMs: 0, clock: createRealClock(), tell: (message) => { told.push(message) } })
  onTestFinished(async () => index.close())
  await index.caughtUp(never)
  expect(await wordsFound(index, { words: 'needle' })).toEqual(['needle'])
  expect(told).toEqual([])
  await one.close()
})
test('what the quota deleted is not found any more', async () => {
  const bench = captureBench()
  const store = bench.open()
  const [one, two] = [store.open(gate), store.open(yard)]
  one.received(bytes('needle one\n'))
  two.received(bytes('needle two\n'))
  await one.close()
  await two.close()
  const { index } = indexOf(bench, store)
  await index.caughtUp(never)
  expect(await wordsFound(index, { words: 'needle' })).toHaveLength(2)
  await index.close()
  for (const name of readdirSync(join(bench.folder, 'cam-1'))) rmSync(join(bench.folder, 'cam-1', name))
  const left = (await store.parts()).filter(({ header }) => header.camera === 'cam-2')
  const later = openCaptureIndex({ file: join(bench.folder, 'index.sqlite'), parts: async () => left, clock: createRealClock(), tell: () => undefined })
  await later.caughtUp(never)
  expect(await wordsFound(later, { words: 'needle' })).toEqual(['needle two'])
  expect(await wordsFound(later, { pattern: 'needle' })).toEqual(['needle two'])
  await later.close()
})

test('kinds of lines that a firmware never said before', async () => {
  const bench = captureBench()
  const store = bench.open()
  const tap = store.open(gate)
  const boot = (build: string, more = ''): string => `Linux version ${build} (x@y) #1\n[    0.1] mmc0: card at address 1234\n${more}`
  tap.received(bytes(boot('4.9.37')))
  await bench.clock.advance(10_000)
  const sinceMs = bench.clock.wallMs()
  tap.received(bytes(boot('4.9.37', '[    9.7] mmc1: card at address beef\n[    2.0] ECC error at 0x40\n')))
  await store.flush()
  const { index } = indexOf(bench, store)
  await index.caughtUp(never)
  const seen = async (since: number, more = {}): Promise<string[]> => (await index.newKinds({ cameras: [], sinceMs: since, limit: 100, ...more }, never)).map(({ kind }) => kind)
  expect(await seen(sinceMs)).toEqual(['[    #.#] ECC error at #', '[    #.#] mmc#: card at address beef'])
  await bench.clock.advance(10_000)
  const updatedMs = bench.clock.wallMs()
  tap.received(bytes(boot('5.10.1', 'new driver 1\nnew driver 2\n')))
  await store.flush()
  await index.caughtUp(never)
  expect(await seen(updatedMs)).toEqual(['new driver #', '[    #.#] mmc#: card at address #', 'Linux version #.#.# (x@y) ##'])
  expect(await seen(0, { firmware: '5.10' })).toHaveLength(3)
  expect(await seen(0, { cameras: ['cam-9'] })).toEqual([])
  await tap.close()
})

test('a file that goes while the index is fed stops nothing, and an index that cannot be written is said once', async () => {
  const bench = captureBench()
  const store = bench.open()
  const tap = store.open(gate)
  tap.received(bytes('needle\n'))
  await tap.close()
  const [part] = await store.parts()
  const told: string[] = []
  const open = (file: string): CaptureIndex => {
    const index = openCaptureIndex({ file, parts: async () => [{ ...part!, base: join(bench.folder, 'gone') }, part!], clock: createRealClock(), tell: (message) => { told.push(message) } })
    onTestFinished(async () => index.close())
    return index
  }
  const index = open(join(bench.folder, 'index.sqlite'))
  await index.caughtUp(never)
  expect(await wordsFound(index, { words: 'needle' })).toEqual(['needle'])
  told.length = 0
  const without = open(join(bench.folder, 'no folder', 'index.sqlite'))
  await expect.poll(() => without.note(), { timeout: 10_000 }).toContain('cannot be written')
  await expect(without.search(query({ words: 'needle' }), never)).rejects.toMatchObject({ code: 'host/io' })
  expect(told).toHaveLength(1)
})
