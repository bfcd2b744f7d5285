// A file that is a picture stands in the video's place.

/** Undefined: the video is shown again. */
export function showPicture(
  root: ShadowRoot | null,
  video: HTMLVideoElement,
  picture: { readonly url: string; readonly name: string } | undefined,
): void {
  root?.querySelector('img')?.remove();
  video.hidden = picture !== undefined;
  video.style.display = picture === undefined ? '' : 'none';
  if (picture === undefined) return;
  const image = new Image();
  image.part.add('image');
  image.alt = picture.name;
  image.src = picture.url;
  root?.append(image);
}
