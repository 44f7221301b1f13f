import { describe, expect, test } from 'vitest'
import { type AppMenuItem, appMenu } from './appMenu.ts'
import { commands } from './commands.ts'

const flat = (items: readonly AppMenuItem[]): readonly AppMenuItem[] => items.flatMap((item) => [item, ...flat(item.submenu ?? [])])

describe.each(['mac', 'other'] as const)('the application\'s menu, %s', (platform) => {
  const items = flat(appMenu(platform))
  test('every command stands in it once, and says what it is', () => {
    const ids = items.flatMap(({ command }) => command ?? [])
    expect(ids.toSorted()).toEqual(commands.map(({ id }) => id).toSorted())
    for (const { command, label } of items) if (command !== undefined) expect(label).toMatch(/\w/)
  })
  test('it takes no key itself: those of a terminal would be lost', () => {
    for (const item of items) if (item.accelerator !== undefined || (item.role !== undefined && item.role !== 'appMenu')) expect(item.registerAccelerator, item.label ?? item.role).toBe(false)
    expect(items.filter(({ accelerator }) => accelerator !== undefined && !/^(?:CommandOrControl|Alt)\+/.test(accelerator))).toEqual([])
  })
  test('what asks says so, and a Mac has its own first menu', () => {
    expect(items.find(({ command }) => command === 'power.cycle')?.label).toBe('Power cycle…')
    expect(items[0]).toMatchObject(platform === 'mac' ? { role: 'appMenu' } : { label: 'Rack' })
  })
})
