import { type BrowserWindow, Menu, type MenuItemConstructorOptions } from 'electron'
import { type AppMenuItem, appMenu } from '../../../shared/commands/appMenu.ts'

/** The menu only names commands; the page does them, or says why not. */
export function setAppMenu(platform: string, window: () => BrowserWindow | undefined): void {
  const itemOf = ({ command, submenu, ...rest }: AppMenuItem): MenuItemConstructorOptions => ({
    ...rest, ...(submenu ? { submenu: submenu.map(itemOf) } : {}),
    ...(command === undefined ? {} : { click: () => { window()?.webContents.mainFrame.postMessage('rackbench-command', command) } }),
  })
  Menu.setApplicationMenu(Menu.buildFromTemplate(appMenu(platform === 'darwin' ? 'mac' : 'other').map(itemOf)))
}
