import { expect, test } from 'vitest'
import type { PowerBudget } from '../../../shared/devices/power.ts'
import { createBudgetBook } from './powerBudget.ts'

const budget: PowerBudget = { unit: 'switch a', limitWatts: 20, drawnWatts: 8, untoldPorts: 0, isGiving: false }

test('one more camera is begun only while all of it fits, and what was promised before counts', () => {
  const book = createBudgetBook()
  expect(book.refuse(budget, 5)).toBeUndefined()
  // It draws nothing yet, and its 5 W are promised: 13 of 20.
  expect(book.refuse(budget, undefined)).toBeUndefined()
  expect(book.refuse(budget, 0.1)).toBe('not begun: 20 W of the 20 W of switch a are drawn or promised, and this camera may draw 0.1 W, the most that was measured')
  expect(book.refuse({ ...budget, unit: 'switch b' }, 12)).toBeUndefined()
})

test('a camera that has power already needs no more of it', () => {
  const book = createBudgetBook()
  expect(book.refuse({ ...budget, drawnWatts: 20, isGiving: true }, 5)).toBeUndefined()
})

test('ports that do not tell are counted, and so is a camera that nobody measured; the words say so', () => {
  const book = createBudgetBook()
  expect(book.refuse({ ...budget, drawnWatts: 0, untoldPorts: 2 }, undefined)).toBe('not begun: 14 W of the 20 W of switch a are drawn or promised, 7 W counted for each of the 2 ports that do not tell, and this camera may draw 7 W, because it was never measured')
})
