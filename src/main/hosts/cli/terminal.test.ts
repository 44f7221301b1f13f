import { EventEmitter } from 'node:events'
import { describe, expect, test } from 'vitest'
import { listenForInterrupts } from './interrupts.ts'
import { createLineWriter, plainText } from './output/lineWriter.ts'
import { sizeText, table, timeText } from './output/words.ts'

describe('the writer', () => {
  const stream = (isTTY: boolean) => {
    const written: string[] = []
    return Object.assign(new EventEmitter(), { isTTY, columns: 20, written, write: (text: string) => { written.push(text); return true } })
  }
  test('a reader that goes away ends the writing and nothing else', () => {
    const pipe = stream(false)
    const writer = createLineWriter(pipe)
    writer.line('one')
    pipe.emit('error', Object.assign(new Error('broken pipe'), { code: 'EPIPE' }))
    writer.line('two')
    expect(pipe.written).toEqual(['one\n'])
  })
  test('a status is for terminals, no wider than they are, and is gone before the next line', () => {
    const file = stream(false)
    createLineWriter(file).status('50 %')
    expect(file.written).toEqual([])
    const terminal = stream(true)
    const writer = createLineWriter(terminal)
    writer.status('x'.repeat(50))
    writer.line('done')
    expect(terminal.written).toEqual(['x'.repeat(19), '\r\u001b[K', 'done\n'])
  })
  test('foreign text', () => { expect(plainText('a\u001b]0;title\u0007b\r\nc\u202e')).toBe('a ]0;title b c') })
})

describe('signals', () => {
  test('the first is a wish to stop, two at once are one, later ones ask', () => {
    const source = new EventEmitter()
    let now = 1000
    let asked = 0
    const { signal, onAgain } = listenForInterrupts(source, () => now)
    onAgain(() => { asked += 1 })
    source.emit('SIGINT')
    source.emit('SIGINT')
    expect([signal.aborted, asked]).toEqual([true, 0])
    now += 1000
    source.emit('SIGTERM')
    expect(asked).toBe(1)
  })
})

test('words', () => {
  expect([sizeText(7664 * 1024), sizeText(16 * 1048576), sizeText(3 * 1048576), sizeText(1000)]).toEqual(['7664 KB', '16 MB', '3072 KB', '1000 B'])
  expect([timeText(12.4), timeText(25_700), timeText(125_000)]).toEqual(['12 ms', '25.7 s', '2 min 05 s'])
  expect(table([['a', '1'], ['bbb', '22']], [1])).toEqual(['a     1', 'bbb  22'])
})
