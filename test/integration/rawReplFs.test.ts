import { createHash } from 'node:crypto'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openRawReplFs, type RawReplFs } from '../../src/main/drivers/deviceFs/rawReplFs.ts'
import { openTcpTransport } from '../../src/main/drivers/transports/tcpTransport.ts'
import { joinBytes } from '../../src/shared/lifecycle/byteQueue.ts'
import { type BoardOptions, type MicroPythonBoard, openMicroPythonBoard } from '../../src/main/sim/microPythonBoard.ts'
import { createRealClock } from '../support/realClock.ts'

const signal = new AbortController().signal
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

async function openBoard(rawPaste: BoardOptions['rawPaste'] = 'works', limitMs?: number): Promise<{ readonly board: MicroPythonBoard; readonly fs: RawReplFs }> {
  const board = await openMicroPythonBoard({ rawPaste })
  onTestFinished(board.close)
  const clock = createRealClock()
  const transport = await openTcpTransport({ label: 'board', host: '127.0.0.1', port: board.port }, clock, signal)
  onTestFinished(async () => transport.close())
  return { board, fs: await openRawReplFs({ transport, clock, token: 'abc', ...(limitMs === undefined ? {} : { limitMs }) }, signal) }
}
async function all(fs: RawReplFs, path: string, offset = 0): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  for await (const piece of fs.read(path, signal, offset)) pieces.push(piece)
  return joinBytes(pieces)
}

describe.each(['works', 'refused', 'broken'] as const)('a real MicroPython over its raw REPL, raw paste %s', (rawPaste) => {
  test('files are written, read, renamed, listed and removed', async () => {
    const { board, fs } = await openBoard(rawPaste)
    expect([fs.usesRawPaste, fs.platform, fs.abilities.replaces, fs.abilities.links]).toEqual([rawPaste === 'works', 'webassembly', true, false])
    const content = joinBytes(Array.from({ length: 80 }, (_, at) => Uint8Array.from(createHash('sha256').update(String(at)).digest())))
    await fs.mkdir('lib', signal)
    await fs.write('lib/a.py', [content.subarray(0, 1000), content.subarray(1000)], signal)
    expect(Buffer.from(await all(fs, 'lib/a.py')).equals(content)).toBe(true)
    expect(Buffer.from(await all(fs, 'lib/a.py', 2000)).equals(content.subarray(2000))).toBe(true)
    expect(await fs.stat('lib/a.py', signal)).toEqual({ kind: 'file', size: content.length })
    // The board's own word, by another way than ours.
    expect(board.python('import os,hashlib,binascii\nprint(binascii.hexlify(hashlib.sha256(open("/lib/a.py","rb").read()).digest()))').trim()).toBe(`b'${createHash('sha256').update(content).digest('hex')}'`)
    await fs.write('lib/b.py', [bytes('old')], signal)
    await fs.write('lib/b.py', [bytes('er')], signal, { append: true })
    await fs.rename('lib/b.py', 'lib/a.py', signal)
    expect(new TextDecoder().decode(await all(fs, 'lib/a.py'))).toBe('older')
    expect(await fs.list('lib', signal)).toEqual(['a.py'])
    await fs.remove('lib/a.py', signal)
    await fs.remove('lib', signal)
    expect([await fs.stat('lib', signal), (await fs.list('', signal)).includes('lib'), board.pastes() > 0]).toEqual([undefined, false, rawPaste === 'works'])
    expect(await fs.free(signal)).toBeGreaterThan(1_000_000)
  })
})

test('whatever stands in a name, it stays a name', async () => {
  const { board, fs } = await openBoard()
  for (const name of ["a'b", "');import os;os.mkdir('owned')#", 'ü \u{1f600}.py', 'a"b', '%s{0}']) {
    await fs.write(name, [bytes(name)], signal)
    expect(new TextDecoder().decode(await all(fs, name))).toBe(name)
    expect(await fs.list('', signal)).toContain(name)
  }
  for (const name of ['../x', '/x', 'a\\b', 'a\nb', 'a\0']) await expect(fs.stat(name, signal)).rejects.toMatchObject({ code: 'input/malformed' })
  expect(board.python('import os\nprint("owned" in os.listdir("/"))').trim()).toBe('False')
})

test('what the board refuses has the name that every device gives it', async () => {
  const { fs } = await openBoard()
  await fs.mkdir('d', signal)
  await fs.write('d/x', [], signal)
  expect(await fs.stat('d/x', signal)).toEqual({ kind: 'file', size: 0 })
  await expect(all(fs, 'gone')).rejects.toMatchObject({ code: 'device/not-found' })
  await expect(fs.mkdir('d', signal)).rejects.toMatchObject({ code: 'device/exists' })
  await expect(fs.remove('d', signal)).rejects.toMatchObject({ code: 'device/refused' })
  await expect(fs.rename('gone', 'x', signal)).rejects.toMatchObject({ code: 'device/not-found' })
  await expect(fs.symlink('a', 'b', signal)).rejects.toMatchObject({ code: 'device/refused' })
})

test('a program that prints all the time is interrupted, and its words are not taken for answers', async () => {
  const { board, fs } = await openBoard('refused')
  board.python('import builtins\n_p=print\ndef noisy(*a):\n _p("@abc1: ok");_p(*a);_p("@abc99: ok")\nbuiltins.print=noisy')
  await fs.write('x', [bytes('x')], signal)
  expect(await fs.stat('x', signal)).toEqual({ kind: 'file', size: 1 })
})

test('a board that falls silent, and a line that is lost, end in words with the last that was heard', async () => {
  const { board, fs } = await openBoard('refused', 300)
  board.goSilent()
  await expect(fs.list('', signal)).rejects.toMatchObject({ code: 'link/timeout', context: { tail: expect.any(String) as string } })
  board.dropLine()
  await expect(fs.list('', signal)).rejects.toMatchObject({ code: expect.stringMatching(/^link\//) as string })
})

test('two files are read and written at the same time', async () => {
  const { fs } = await openBoard()
  await fs.write('from', [new Uint8Array(3000).fill(65)], signal)
  await fs.write('to', fs.read('from', signal), signal)
  expect(await all(fs, 'to')).toHaveLength(3000)
})

test('a cancel in the middle leaves a board that answers', async () => {
  const { fs } = await openBoard()
  const stop = new AbortController()
  const content = (async function* (): AsyncGenerator<Uint8Array, void> { for (let at = 0; at < 5; at += 1) { if (at === 2) stop.abort(new Error('enough')); yield new Uint8Array(100) } })()
  await expect(fs.write('x', content, stop.signal)).rejects.toThrow('enough')
  expect(await fs.stat('from', signal)).toBeUndefined()
})
