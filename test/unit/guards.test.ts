import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { guards } from '../guards/guards.ts'

const root = join(import.meta.dirname, '../..')

/** A guard whose line was rewritten tests nothing; found here at once and not when somebody runs them all. */
test.each(guards)('$says: its line is there, once', ({ file, find, replace, tests, named }) => {
  expect(readFileSync(join(root, file), 'utf8').split(find)).toHaveLength(2)
  expect(replace).not.toBe(find)
  // A name with a parameter in it is put together by the test; its plain words must be there.
  const words = named.split(/[^A-Za-z ]/).sort((a, b) => b.length - a.length)[0] ?? ''
  expect(readFileSync(join(root, tests), 'utf8')).toContain(words.trim().split(' ').slice(0, 2).join(' '))
})
