import { expect, test } from 'vitest'
import { readBoot } from './bootProof.ts'

const banner = 'U-Boot 2016.11 (Mar 20 2023)\r\n'

test('a login prompt counts after a start only', () => {
  expect(readBoot('openipc-hi3516ev300 login: ').login).toBe(false)
  expect(readBoot(`openipc-hi3516ev300 login: ${banner}`).login).toBe(false)
  expect(readBoot(`${banner}Starting kernel ...\r\nopenipc-hi3516ev300 login: `).login).toBe(true)
  expect(readBoot(`${banner}Starting kernel ...\r\nLast login: Mon`).login).toBe(false)
})

test('starts are counted, a panic is seen', () => {
  expect(readBoot(banner.repeat(3)).banners).toBe(3)
  expect(readBoot(`${banner}Kernel panic - not syncing: VFS`).panic).toBe(true)
  expect(readBoot('').banners).toBe(0)
})
