import { expect, test } from 'vitest'
import { createSpreadWords } from './spreadWords.ts'

function bench() {
  const frames: (() => void)[] = []
  const words = createSpreadWords<number>((work) => { frames.push(work) })
  const of = (count: number, word: string): Map<number, string> => new Map(Array.from({ length: count }, (_, key) => [key, `${word}${String(key)}`]))
  return { words, of, asked: () => frames.length, frame: () => { frames.shift()?.(); return words.shown.size } }
}

test('a few in each frame until all are there, and no frame is asked for after that', () => {
  const { words, of, frame, asked } = bench()
  words.change(of(50, 'a'))
  expect([asked(), words.shown.size]).toEqual([1, 0])
  expect([frame(), frame(), frame(), asked()]).toEqual([20, 40, 50, 0])
  expect([...words.shown]).toEqual([...of(50, 'a')])
  words.change(of(50, 'a'))
  expect([frame(), asked()]).toEqual([50, 0])
})
test('who changes faster than they are shown sees each of them in turn, as it is then', () => {
  const { words, of, frame } = bench()
  for (let round = 0; round < 5; round += 1) { words.change(of(100, `${String(round)} `)); frame() }
  expect(words.shown.size).toBe(100)
  expect(words.shown.get(99)).toBe('4 99')
})
test('who goes is gone at once', () => {
  const { words, of, frame } = bench()
  words.change(of(4, 'a'))
  frame()
  words.change(of(2, 'a'))
  expect([...words.shown.keys()]).toEqual([0, 1])
})
