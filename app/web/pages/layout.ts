import { type Html, html } from "./html";
import { stylesheetPath } from "./stylesheet";

/** The places in the navigation. */
export type Place = "customers" | "database" | "key" | "system" | "api";

export interface LayoutProps {
  /** Title of the window, without the site's name. */
  title: string;
  /** The page's place in the navigation. */
  place?: Place;
  body: Html;
}

const places: readonly { place: Place; path: string; name: string }[] = [
  { place: "customers", path: "/customers", name: "Customers" },
  { place: "database", path: "/database", name: "In the database" },
  { place: "key", path: "/key", name: "The key" },
  { place: "system", path: "/system", name: "How it got here" },
  { place: "api", path: "/api", name: "API" },
];

/** A whole page: skip link, banner with navigation, main part, footer. */
export function layout({ title, place, body }: LayoutProps): Html {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} – Customer records</title>
<link rel="stylesheet" href="${stylesheetPath}">
<link rel="icon" href="/icon.svg" type="image/svg+xml">
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header class="banner">
<div class="inner">
<a class="brand" href="/customers"><img src="/icon.svg" alt="" width="28" height="28"><span>Customer records</span></a>
<nav aria-label="Main">
<ul>${places.map(
    (item) =>
      html`<li><a href="${item.path}"${item.place === place ? html` aria-current="page"` : ""}>${item.name}</a></li>`,
  )}</ul>
</nav>
</div>
</header>
<main id="main" tabindex="-1">
${body}
</main>
<footer class="footer"><p>Encrypted by Vault, with credentials that nobody knows. All customers are made up.</p>
<p>This demonstration has no sign-in of its own. Anybody who reaches it can read and change everything, unless App Service asks for a sign-in.</p></footer>
</body>
</html>
`;
}

/** The notice about the last change, which screen readers read out. */
export function notice(text: string | undefined): Html {
  return text ? html`<p class="notice" role="status">${text}</p>` : html``;
}
